// SPDX-License-Identifier: Apache-2.0
#include "kernel/all_reduce.h"
#include "op/op.h"

static gd_status infer(gd_problem *problem, gd_error *error)
{
    if (problem->desc[ALL_REDUCE_W].rank != 1)
        return gd_fail(error, GD_INVALID, "block has %d dimensions where all_reduce needs 1",
                       problem->desc[ALL_REDUCE_W].rank);
    return GD_OK;
}

/* The communicator knows where the gradients lie: one entry for every device. */
// clang-format off
static const gd_impl update[] = {
    {"comm", GD_ANY_DEVICE, GD_ONE(F16) | GD_ONE(BF16) | GD_ONE(F32) | GD_ONE(F64), 0, GD_DETERMINISTIC, 0, 0, 0, gd_all_reduce_update_comm, 0},
    GD_LIST_END,
};
// clang-format on

const gd_op gd_op_all_reduce = {
    .name = "all_reduce",
    .summary = "sum of the gradients over all ranks",
    .traits = GD_OP_RANGE,
    .operand = {[ALL_REDUCE_W] = {"w"}},
    .infer = infer,
    .direction = {[GD_UPDATE] = {GD_BIT(ALL_REDUCE_DW), GD_BIT(ALL_REDUCE_DW), update}},
    .tolerance = 4,
};
