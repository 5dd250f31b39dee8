// SPDX-License-Identifier: Apache-2.0
#include "kernel/bn_stats.h"
#include "op/op.h"

static const gd_field fields[] = {
    GD_FIELD_INT(gd_bn_stats_params, group, "32", 0, 65536, "images that are normalised together; 0: the whole batch"),
    GD_FIELD_REAL(gd_bn_stats_params, momentum, "0.1", 0, 1, "share of this batch in the running statistics"),
    {0},
};

static gd_status infer(gd_problem *problem, gd_error *error)
{
    const gd_bn_stats_params *p = problem->params;
    const gd_type real = problem->type == GD_F64 ? GD_F64 : GD_F32;
    const gd_desc x = problem->desc[BN_STATS_X];
    if (x.rank != 2 && x.rank != 4)
        return gd_fail(error, GD_INVALID, "input has %d dimensions where bn_stats needs 2 (N,C) or 4 (N,H,W,C)",
                       x.rank);
    const gd_bn_sizes z = gd_bn_sizes_of(x, p->group);
    problem->desc[BN_STATS_RUNNING] = gd_desc_2(real, 2, z.C);
    problem->desc[BN_STATS_STATS] = (gd_desc){real, 3, {z.groups, 2, z.C}};
    return GD_OK;
}

static double flops(const gd_problem *problem, gd_direction direction)
{
    if (direction == GD_UPDATE)
        return 3.0 * (double)gd_desc_count(problem->desc[BN_STATS_RUNNING]);
    if (direction == GD_BWD_WEIGHT)
        return 3.0 * (double)gd_desc_count(problem->desc[BN_STATS_STATS]);
    return 4.0 * (double)gd_desc_count(problem->desc[BN_STATS_X]);
}

// clang-format off
static const gd_impl forward[] = {
    GD_CUDA_ENTRY(simt, gd_bn_stats_fwd, GD_CUDA_FLOATS, NULL, gd_bn_stats_fwd_simt_prepare)
    GD_AVX512BF16_WORK(gd_bn_stats_fwd, gd_bn_stats_fwd_prepare)
    GD_SIMD_WORK(gd_bn_stats_fwd, 0, gd_bn_stats_fwd_prepare)
    GD_REF(gd_bn_stats_fwd)
};
static const gd_impl backward_weight[] = {
    GD_CUDA_ENTRY(simt, gd_bn_stats_bwd_weight, GD_CUDA_FLOATS, NULL, NULL)
    GD_REF(gd_bn_stats_bwd_weight)
};
static const gd_impl update[] = {
    GD_CUDA_ENTRY(simt, gd_bn_stats_update, GD_CUDA_FLOATS, NULL, NULL)
    GD_REF(gd_bn_stats_update)
};
// clang-format on

const gd_op gd_op_bn_stats = {
    .name = "bn_stats",
    .summary = "mean and variance of each channel over groups of images",
    .params_bytes = sizeof(gd_bn_stats_params),
    .fields = fields,
    .operand = {[BN_STATS_X] = {"x"},
                [BN_STATS_RUNNING] = {"running", GD_ROLE_RUNNING, GD_DOMAIN_STATISTICS},
                [BN_STATS_STATS] = {"stats", GD_ROLE_NONE, GD_DOMAIN_STATISTICS}},
    .infer = infer,
    .flops = flops,
    .direction = {[GD_FWD] = {GD_BIT(BN_STATS_X), GD_BIT(BN_STATS_STATS), forward},
                  [GD_BWD_WEIGHT] = {GD_BIT(BN_STATS_STATS), GD_BIT(BN_STATS_DRUNNING), backward_weight},
                  [GD_UPDATE] = {GD_BIT(BN_STATS_DRUNNING) | GD_BIT(BN_STATS_RUNNING), GD_BIT(BN_STATS_RUNNING),
                                 update}},
    .tolerance = 8,
    GD_JUDGE(.magnitude = {[GD_FWD] = gd_bn_stats_fwd_magnitude}, )};
