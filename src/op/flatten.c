// SPDX-License-Identifier: Apache-2.0
#include "kernel/flatten.h"
#include "op/op.h"

static gd_status infer(gd_problem *problem, gd_error *error)
{
    const gd_desc x = problem->desc[FLATTEN_X];
    if (x.rank < 2)
        return gd_fail(error, GD_INVALID, "input has %d dimensions where flatten needs at least 2 (N,…)", x.rank);
    problem->desc[FLATTEN_Y] = gd_desc_2(x.type, x.dim[0], gd_desc_count(x) / x.dim[0]);
    return GD_OK;
}

const gd_op gd_op_flatten = {
    .name = "flatten",
    .summary = "an image as one row",
    .traits = GD_OP_VIEW,
    .operand = {[FLATTEN_X] = {"x"}, [FLATTEN_Y] = {"y"}},
    .infer = infer,
};
