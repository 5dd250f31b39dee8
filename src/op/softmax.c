// SPDX-License-Identifier: Apache-2.0
#include "kernel/softmax.h"
#include "op/op.h"

static const gd_field fields[] = {
    GD_FIELD_REAL(gd_softmax_params, temperature, "1", 1e-3, 1e3, "divides the logits: above 1 is less certain"),
    {0},
};

static gd_status infer(gd_problem *problem, gd_error *error)
{
    const gd_desc x = problem->desc[SOFTMAX_X];
    if (x.rank != 2)
        return gd_fail(error, GD_INVALID, "input has %d dimensions where softmax needs 2 (N,K)", x.rank);
    problem->desc[SOFTMAX_Y] = x;
    return GD_OK;
}

// clang-format off
static const gd_impl forward[] = {
    GD_CUDA_ENTRY(simt, gd_softmax_fwd, GD_CUDA_FLOATS, NULL, NULL)
    GD_CUDA_LIBRARY_TYPES(cudnn, gd_softmax_fwd, GD_ONE(F32) | GD_ONE(F16), gd_softmax_fwd_cudnn_accepts, gd_cudnn_release)
    GD_SIMD(gd_softmax_fwd, 0)
    GD_REF(gd_softmax_fwd)
};
// clang-format on

const gd_op gd_op_softmax = {
    .name = "softmax",
    .summary = "each row as probabilities",
    .params_bytes = sizeof(gd_softmax_params),
    .fields = fields,
    .operand = {[SOFTMAX_X] = {"x"}, [SOFTMAX_Y] = {"y"}},
    .infer = infer,
    .direction = {[GD_FWD] = {GD_BIT(SOFTMAX_X), GD_BIT(SOFTMAX_Y), forward}},
    GD_JUDGE(.magnitude = {[GD_FWD] = gd_softmax_fwd_magnitude}, ).tolerance = 8,
};
