// SPDX-License-Identifier: Apache-2.0
#include "kernel/cast.h"
#include "op/op.h"

static gd_status infer(gd_problem *problem, gd_error *error)
{
    const gd_desc x = problem->desc[CAST_X];
    if (gd_type_epsilon(x.type) <= 0)
        return gd_fail(error, GD_INVALID, "input is %s where cast needs a floating type", gd_type_name(x.type));
    problem->desc[CAST_Y] = x;
    problem->desc[CAST_Y].type = problem->type;
    return GD_OK;
}

/* Loops know what stands between f32 and a narrow type; a card takes every pair of its types, copies too, as there is
 * no reference behind. */
static const char *accepts(const gd_problem *problem)
{
    gd_type from = problem->desc[CAST_X].type, to = problem->type;
#ifdef GRIDDLE_CUDA
    bool known = to != GD_F64 && from != GD_F64;
#else
    bool known = from != to && from != GD_F64 && (from == GD_F32 || to == GD_F32);
#endif
    return known ? NULL : "other types";
}

// clang-format off
static const gd_impl forward[] = {
    GD_CUDA_ENTRY(simt, gd_cast_fwd, GD_CUDA_FLOATS, accepts, NULL)
    GD_SIMD(gd_cast_fwd, accepts)
    GD_REF(gd_cast_fwd)
};
GD_TRAIN(
static const gd_impl backward[] = {
    GD_CUDA_ENTRY(simt, gd_cast_bwd_data, GD_CUDA_FLOATS, accepts, NULL)
    GD_SIMD(gd_cast_bwd_data, accepts)
    GD_REF(gd_cast_bwd_data)
};)
// clang-format on

const gd_op gd_op_cast = {
    .name = "cast",
    .summary = "the same numbers in another storage type",
    .traits = GD_OP_CONVERTS,
    .operand = {[CAST_X] = {"x"}, [CAST_Y] = {"y"}},
    .infer = infer,
    .direction = {[GD_FWD] = {GD_BIT(CAST_X), GD_BIT(CAST_Y), forward},
                  GD_TRAIN([GD_BWD_DATA] = {GD_BIT(CAST_DY), GD_BIT(CAST_DX), backward})},
    .tolerance = 1,
};
