// SPDX-License-Identifier: Apache-2.0
#include "kernel/hard_swish.h"
#include "op/op.h"

static gd_status infer(gd_problem *problem, gd_error *error)
{
    (void)error;
    problem->desc[HARD_SWISH_Y] = problem->desc[HARD_SWISH_X];
    return GD_OK;
}

// clang-format off
static const gd_impl forward[] = {
    GD_CUDA_ENTRY(simt, gd_hard_swish_fwd, GD_CUDA_FLOATS, NULL, NULL)
    GD_SIMD(gd_hard_swish_fwd, 0)
    GD_REF(gd_hard_swish_fwd)
};
GD_TRAIN(
static const gd_impl backward[] = {
    GD_CUDA_ENTRY(simt, gd_hard_swish_bwd_data, GD_CUDA_FLOATS, NULL, NULL)
    GD_SIMD(gd_hard_swish_bwd_data, 0)
    GD_REF(gd_hard_swish_bwd_data)
};)
// clang-format on

const gd_op gd_op_hard_swish = {
    .name = "hard_swish",
    .summary = "x times a piecewise linear gate",
    .operand = {[HARD_SWISH_X] = {"x"}, [HARD_SWISH_Y] = {"y"}},
    .infer = infer,
    .direction = {[GD_FWD] = {GD_BIT(HARD_SWISH_X), GD_BIT(HARD_SWISH_Y), forward},
                  GD_TRAIN([GD_BWD_DATA] = {GD_BIT(HARD_SWISH_X) | GD_BIT(HARD_SWISH_DY), GD_BIT(HARD_SWISH_DX),
                                            backward})},
    .tolerance = 4,
};
