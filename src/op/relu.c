// SPDX-License-Identifier: Apache-2.0
#include "kernel/relu.h"
#include "op/op.h"

static gd_status infer(gd_problem *problem, gd_error *error)
{
    (void)error;
    problem->desc[RELU_Y] = problem->desc[RELU_X];
    return GD_OK;
}

// clang-format off
static const gd_impl forward[] = {
    GD_CUDA_ENTRY(simt, gd_relu_fwd, GD_CUDA_FLOATS, NULL, NULL)
    GD_SIMD(gd_relu_fwd, 0)
    GD_REF(gd_relu_fwd)
};
GD_TRAIN(
static const gd_impl backward[] = {
    GD_CUDA_ENTRY(simt, gd_relu_bwd_data, GD_CUDA_FLOATS, NULL, NULL)
    GD_SIMD(gd_relu_bwd_data, 0)
    GD_REF(gd_relu_bwd_data)
};)
// clang-format on

const gd_op gd_op_relu = {
    .name = "relu",
    .summary = "the positive part",
    .operand = {[RELU_X] = {"x"}, [RELU_Y] = {"y"}},
    .infer = infer,
    .direction = {[GD_FWD] = {GD_BIT(RELU_X), GD_BIT(RELU_Y), forward},
                  GD_TRAIN([GD_BWD_DATA] = {GD_BIT(RELU_Y) | GD_BIT(RELU_DY), GD_BIT(RELU_DX), backward})},
};
