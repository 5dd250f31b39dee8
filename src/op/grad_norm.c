// SPDX-License-Identifier: Apache-2.0
#include "kernel/grad_norm.h"
#include "op/op.h"

static const gd_field fields[] = {
    GD_FIELD_REAL(gd_grad_norm_params, clip, "0", 0, 1e9, "largest norm that is applied; 0: any"),
    GD_FIELD_INT(gd_grad_norm_params, growth, "0", 0, 1e9, "updates after which the loss scale doubles; 0: it stays"),
    {0},
};

static gd_status infer(gd_problem *problem, gd_error *error)
{
    if (problem->desc[GRAD_NORM_W].rank != 1)
        return gd_fail(error, GD_INVALID, "block has %d dimensions where grad_norm needs 1",
                       problem->desc[GRAD_NORM_W].rank);
    return GD_OK;
}

static double flops(const gd_problem *problem, gd_direction direction)
{
    (void)direction;
    return 2.0 * (double)gd_desc_count(problem->desc[GRAD_NORM_W]);
}

// clang-format off
static const gd_impl update[] = {
    GD_CUDA_ENTRY(simt, gd_grad_norm_update, GD_ONE(F32), NULL, gd_grad_norm_update_prepare)
    GD_SIMD_BLOCK(gd_grad_norm_update, gd_grad_norm_update_prepare)
    GD_REF_BLOCK(gd_grad_norm_update)
};
// clang-format on

const gd_op gd_op_grad_norm = {
    .name = "grad_norm",
    .summary = "length of all gradients; clips it, and skips the update where it is not finite",
    .traits = GD_OP_RANGE,
    .params_bytes = sizeof(gd_grad_norm_params),
    .fields = fields,
    .operand = {[GRAD_NORM_W] = {"w"}},
    .infer = infer,
    .flops = flops,
    .direction = {[GD_UPDATE] = {GD_BIT(GRAD_NORM_DW), 0, update}},
    .tolerance = 4,
};
