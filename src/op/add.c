// SPDX-License-Identifier: Apache-2.0
#include "kernel/add.h"
#include "op/op.h"

static const gd_field fields[] = {
    GD_FIELD_CHOICE(gd_add_params, activation, "none", GD_ACTIVATION_CHOICES, "applied at the end"),
    {0},
};

static gd_status infer(gd_problem *problem, gd_error *error)
{
    const gd_add_params *p = problem->params;
    const gd_desc a = problem->desc[ADD_A], b = problem->desc[ADD_B];
    if (!gd_desc_same_shape(a, b)) {
        char a_text[64], b_text[64];
        return gd_fail(error, GD_INVALID, "cannot add %s and %s: shapes must be equal",
                       gd_desc_text(a, a_text, sizeof a_text), gd_desc_text(b, b_text, sizeof b_text));
    }
    problem->desc[ADD_Y] = a;
    if (p->activation == GD_ACTIVATION_NONE)
        problem->unread = GD_BIT(ADD_Y);
    return GD_OK;
}

// clang-format off
static const gd_impl forward[] = {
    GD_CUDA_ENTRY(simt, gd_add_fwd, GD_CUDA_FLOATS, NULL, NULL)
    GD_SIMD(gd_add_fwd, 0)
    GD_REF(gd_add_fwd)
};
GD_TRAIN(
static const gd_impl backward[] = {
    GD_CUDA_ENTRY(simt, gd_add_bwd_data, GD_CUDA_FLOATS, NULL, NULL)
    GD_SIMD(gd_add_bwd_data, 0)
    GD_REF(gd_add_bwd_data)
};)
// clang-format on

const gd_op gd_op_add = {
    .name = "add",
    .summary = "sum of two tensors, with activation behind it",
    .params_bytes = sizeof(gd_add_params),
    .fields = fields,
    .operand = {[ADD_A] = {"a"}, [ADD_B] = {"b"}, [ADD_Y] = {"y"}},
    .infer = infer,
    .direction = {[GD_FWD] = {GD_BIT(ADD_A) | GD_BIT(ADD_B), GD_BIT(ADD_Y), forward},
                  GD_TRAIN([GD_BWD_DATA] = {GD_BIT(ADD_Y) | GD_BIT(ADD_DY), GD_BIT(ADD_DA) | GD_BIT(ADD_DB),
                                            backward})},
    .tolerance = 1,
};
