// SPDX-License-Identifier: Apache-2.0
#include "kernel/average.h"
#include "op/op.h"

static gd_status infer(gd_problem *problem, gd_error *error)
{
    const gd_desc average = problem->desc[AVERAGE_AVERAGE], w = problem->desc[AVERAGE_W];
    char a[64], b[64];
    if (average.rank != 1 || w.type != average.type || !gd_desc_same_shape(w, average))
        return gd_fail(error, GD_INVALID, "average is %s %s where the block is %s %s; both need 1 dimension",
                       gd_type_name(average.type), gd_desc_text(average, a, sizeof a), gd_type_name(w.type),
                       gd_desc_text(w, b, sizeof b));
    return GD_OK;
}

// clang-format off
static const gd_impl update[] = {
    GD_CUDA_ENTRY(simt, gd_average_update, GD_ONE(F32), NULL, NULL)
    GD_SIMD_BLOCK(gd_average_update, 0)
    GD_REF_BLOCK(gd_average_update)
};
// clang-format on

const gd_op gd_op_average = {
    .name = "average",
    .summary = "exponential moving average of the parameters",
    .traits = GD_OP_RANGE,
    .operand = {[AVERAGE_AVERAGE] = {"average"}, [AVERAGE_W] = {"w"}},
    .infer = infer,
    .direction = {[GD_UPDATE] = {GD_BIT(AVERAGE_AVERAGE) | GD_BIT(AVERAGE_W), GD_BIT(AVERAGE_AVERAGE), update}},
    .tolerance = 4,
};
