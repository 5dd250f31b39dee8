// SPDX-License-Identifier: Apache-2.0
#include "kernel/accumulate.h"
#include "op/op.h"

static gd_status infer(gd_problem *problem, gd_error *error)
{
    if (problem->desc[ACCUMULATE_SUM].rank != 1)
        return gd_fail(error, GD_INVALID, "block has %d dimensions where accumulate needs 1",
                       problem->desc[ACCUMULATE_SUM].rank);
    return GD_OK;
}

// clang-format off
static const gd_impl update[] = {
    GD_CUDA_ENTRY(simt, gd_accumulate_update, GD_ONE(F32), NULL, NULL)
    GD_SIMD_BLOCK(gd_accumulate_update, 0)
    GD_REF_BLOCK(gd_accumulate_update)
};
// clang-format on

const gd_op gd_op_accumulate = {
    .name = "accumulate",
    .summary = "mean of the gradients of an update's micro-batches",
    .traits = GD_OP_RANGE,
    .operand = {[ACCUMULATE_SUM] = {"sum"}},
    .infer = infer,
    .direction = {[GD_UPDATE] = {GD_BIT(ACCUMULATE_SUM) | GD_BIT(ACCUMULATE_DW), GD_BIT(ACCUMULATE_SUM), update}},
    .tolerance = 4,
};
