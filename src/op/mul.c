// SPDX-License-Identifier: Apache-2.0
#include "kernel/mul.h"
#include "op/op.h"

static gd_status infer(gd_problem *problem, gd_error *error)
{
    const gd_desc x = problem->desc[MUL_X], g = problem->desc[MUL_G];
    bool per_channel = g.rank == 2 && x.rank > 0 && g.dim[0] == x.dim[0] && g.dim[1] == x.dim[x.rank - 1];
    if (!gd_desc_same_shape(x, g) && !per_channel) {
        char x_text[64], g_text[64];
        return gd_fail(error, GD_INVALID, "cannot gate %s by %s: the same shape or (images, channels) is wanted",
                       gd_desc_text(x, x_text, sizeof x_text), gd_desc_text(g, g_text, sizeof g_text));
    }
    problem->desc[MUL_Y] = x;
    return GD_OK;
}

// clang-format off
static const gd_impl forward[] = {
    GD_CUDA_ENTRY(simt, gd_mul_fwd, GD_CUDA_FLOATS, NULL, NULL)
    GD_SIMD(gd_mul_fwd, 0)
    GD_REF(gd_mul_fwd)
};
GD_TRAIN(
static const gd_impl backward[] = {
    GD_CUDA_ENTRY(simt, gd_mul_bwd_data, GD_CUDA_FLOATS, NULL, NULL)
    GD_SIMD(gd_mul_bwd_data, 0)
    GD_REF(gd_mul_bwd_data)
};)
// clang-format on

const gd_op gd_op_mul = {
    .name = "mul",
    .summary = "a tensor times a gate, which may be one number per image and channel",
    .operand = {[MUL_X] = {"x"}, [MUL_G] = {"g"}, [MUL_Y] = {"y"}},
    .infer = infer,
    .direction = {[GD_FWD] = {GD_BIT(MUL_X) | GD_BIT(MUL_G), GD_BIT(MUL_Y), forward},
                  GD_TRAIN([GD_BWD_DATA] = {GD_BIT(MUL_X) | GD_BIT(MUL_G) | GD_BIT(MUL_DY),
                                            GD_BIT(MUL_DX) | GD_BIT(MUL_DG), backward})},
    .tolerance = 8,
};
