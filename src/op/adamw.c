// SPDX-License-Identifier: Apache-2.0
#include "kernel/adamw.h"
#include "op/op.h"

static const gd_field fields[] = {
    GD_FIELD_REAL(gd_adamw_params, beta1, "0.9", 0, 0.999999, "share of the past in the mean gradient"),
    GD_FIELD_REAL(gd_adamw_params, beta2, "0.999", 0, 0.999999, "share of the past in the mean square"),
    GD_FIELD_REAL(gd_adamw_params, epsilon, "1e-8", 1e-12, 1, "added to the root of the mean square"),
    GD_FIELD_REAL(gd_adamw_params, weight_decay, "0.01", 0, 1, "times learning rate and weight, taken off the weight"),
    {0},
};

static gd_status infer(gd_problem *problem, gd_error *error)
{
    if (problem->desc[ADAMW_W].rank != 1)
        return gd_fail(error, GD_INVALID, "block has %d dimensions where adamw needs 1", problem->desc[ADAMW_W].rank);
    problem->desc[ADAMW_M] = problem->desc[ADAMW_V] = problem->desc[ADAMW_W];
    return GD_OK;
}

static double flops(const gd_problem *problem, gd_direction direction)
{
    (void)direction;
    return 14.0 * (double)gd_desc_count(problem->desc[ADAMW_W]);
}

// clang-format off
static const gd_impl update[] = {
    GD_CUDA_STATE_ENTRY(simt, gd_adamw_update, GD_ONE(F32))
    GD_SIMD_BLOCK(gd_adamw_update, 0)
    GD_REF_BLOCK(gd_adamw_update)
};
// clang-format on

const gd_op gd_op_adamw = {
    .name = "adamw",
    .summary = "Adam with decoupled weight decay",
    .traits = GD_OP_RANGE,
    .params_bytes = sizeof(gd_adamw_params),
    .fields = fields,
    .operand = {[ADAMW_W] = {"w"}, [ADAMW_M] = {"m"}, [ADAMW_V] = {"v", GD_ROLE_NONE, GD_DOMAIN_POSITIVE}},
    .infer = infer,
    .flops = flops,
    .direction = {[GD_UPDATE] = {GD_BIT(ADAMW_W) | GD_BIT(ADAMW_DW) | GD_BIT(ADAMW_M) | GD_BIT(ADAMW_V),
                                 GD_BIT(ADAMW_W) | GD_BIT(ADAMW_M) | GD_BIT(ADAMW_V), update}},
    .tolerance = 8,
    GD_JUDGE(.magnitude = {[GD_UPDATE] = gd_adamw_update_magnitude}, )};
