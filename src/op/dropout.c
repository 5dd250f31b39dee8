// SPDX-License-Identifier: Apache-2.0
#include "kernel/dropout.h"
#include "op/op.h"

static const gd_field fields[] = {
    GD_FIELD_REAL(gd_dropout_params, rate, "0.5", 0, 0.99, "probability that an element is dropped"),
    GD_FIELD_INT(gd_dropout_params, key, "0", 0, 65535, "tells the dropout layers of a net apart"),
    {0},
};

static gd_status infer(gd_problem *problem, gd_error *error)
{
    (void)error;
    problem->desc[DROPOUT_Y] = problem->desc[DROPOUT_X];
    return GD_OK;
}

// clang-format off
static const gd_impl forward[] = {
    GD_CUDA_ENTRY(simt, gd_dropout_fwd, GD_CUDA_FLOATS, NULL, NULL)
    GD_SIMD(gd_dropout_fwd, 0)
    GD_REF(gd_dropout_fwd)
};
static const gd_impl backward[] = {
    GD_CUDA_ENTRY(simt, gd_dropout_bwd_data, GD_CUDA_FLOATS, NULL, NULL)
    GD_SIMD(gd_dropout_bwd_data, 0)
    GD_REF(gd_dropout_bwd_data)
};
// clang-format on

const gd_op gd_op_dropout = {
    .name = "dropout",
    .summary = "drops elements at random, scaling up the others",
    .params_bytes = sizeof(gd_dropout_params),
    .fields = fields,
    .operand = {[DROPOUT_X] = {"x"}, [DROPOUT_Y] = {"y"}},
    .infer = infer,
    .direction = {[GD_FWD] = {GD_BIT(DROPOUT_X), GD_BIT(DROPOUT_Y), forward},
                  [GD_BWD_DATA] = {GD_BIT(DROPOUT_DY), GD_BIT(DROPOUT_DX), backward}},
    .tolerance = 4,
};
