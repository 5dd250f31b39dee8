// SPDX-License-Identifier: Apache-2.0
#include "kernel/sgd.h"
#include "op/op.h"

static const gd_field fields[] = {
    GD_FIELD_REAL(gd_sgd_params, momentum, "0", 0, 1, "share of the last step in this one"),
    GD_FIELD_BOOL(gd_sgd_params, nesterov, "false", "look ahead along the momentum"),
    GD_FIELD_REAL(gd_sgd_params, weight_decay, "0", 0, 1, "times the weight, added to its gradient"),
    {0},
};

static gd_status infer(gd_problem *problem, gd_error *error)
{
    const gd_sgd_params *p = problem->params;
    if (problem->desc[SGD_W].rank != 1)
        return gd_fail(error, GD_INVALID, "block has %d dimensions where sgd needs 1", problem->desc[SGD_W].rank);
    if (p->nesterov && !(p->momentum > 0))
        return gd_fail(error, GD_INVALID, "nesterov needs momentum above 0, not %g", p->momentum);
    if (p->momentum > 0)
        problem->desc[SGD_M] = problem->desc[SGD_W];
    return GD_OK;
}

static double flops(const gd_problem *problem, gd_direction direction)
{
    (void)direction;
    return 8.0 * (double)gd_desc_count(problem->desc[SGD_W]);
}

// clang-format off
static const gd_impl update[] = {
    GD_CUDA_STATE_ENTRY(simt, gd_sgd_update, GD_ONE(F32))
    GD_SIMD_BLOCK(gd_sgd_update, 0)
    GD_REF_BLOCK(gd_sgd_update)
};
// clang-format on

const gd_op gd_op_sgd = {.name = "sgd",
                         .summary = "stochastic gradient descent: plain, momentum, Nesterov",
                         .traits = GD_OP_RANGE,
                         .params_bytes = sizeof(gd_sgd_params),
                         .fields = fields,
                         .operand = {[SGD_W] = {"w"}, [SGD_M] = {"m"}},
                         .infer = infer,
                         .flops = flops,
                         .direction = {[GD_UPDATE] = {GD_BIT(SGD_W) | GD_BIT(SGD_DW) | GD_BIT(SGD_M),
                                                      GD_BIT(SGD_W) | GD_BIT(SGD_M), update}},
                         .tolerance = 8,
                         GD_JUDGE(.magnitude = {[GD_UPDATE] = gd_sgd_update_magnitude}, )};
