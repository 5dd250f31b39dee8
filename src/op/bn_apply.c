// SPDX-License-Identifier: Apache-2.0
#include "kernel/bn_apply.h"
#include "op/op.h"

static const gd_field fields[] = {
    GD_FIELD_INT(gd_bn_apply_params, group, "32", 0, 65536, "images that are normalised together; 0: the whole batch"),
    GD_FIELD_REAL(gd_bn_apply_params, epsilon, "1e-5", 1e-12, 1, "added to the variance"),
    GD_FIELD_CHOICE(gd_bn_apply_params, activation, "none", GD_ACTIVATION_CHOICES, "applied at the end"),
    {0},
};

static gd_status infer(gd_problem *problem, gd_error *error)
{
    const gd_bn_apply_params *p = problem->params;
    const gd_type real = problem->type == GD_F64 ? GD_F64 : GD_F32;
    const gd_desc x = problem->desc[BN_APPLY_X], given = problem->desc[BN_APPLY_STATS];
    const gd_desc residual = problem->desc[BN_APPLY_RESIDUAL];
    char a[64], b[64];
    if (x.rank != 2 && x.rank != 4)
        return gd_fail(error, GD_INVALID, "input has %d dimensions where bn_apply needs 2 (N,C) or 4 (N,H,W,C)",
                       x.rank);
    const gd_bn_sizes z = gd_bn_sizes_of(x, p->group);
    const gd_desc stats = {real, 3, {z.groups, 2, z.C}};
    if (given.rank && (given.type != real || !gd_desc_same_shape(given, stats)))
        return gd_fail(error, GD_INVALID, "statistics are %s %s where %lld images in groups of %d need %s %s",
                       gd_type_name(given.type), gd_desc_text(given, a, sizeof a), (long long)x.dim[0], p->group,
                       gd_type_name(real), gd_desc_text(stats, b, sizeof b));
    if (problem->training && !given.rank)
        return gd_fail(error, GD_INVALID, "statistics are absent where training needs those of bn_stats");
    if (residual.rank && !gd_desc_same_shape(residual, x))
        return gd_fail(error, GD_INVALID, "residual is %s where the input is %s", gd_desc_text(residual, a, sizeof a),
                       gd_desc_text(x, b, sizeof b));

    problem->desc[BN_APPLY_GAMMA] = problem->desc[BN_APPLY_BETA] = gd_desc_1(real, z.C);
    if (!given.rank)
        problem->desc[BN_APPLY_RUNNING] = gd_desc_2(real, 2, z.C);
    problem->desc[BN_APPLY_Y] = x;
    problem->desc[BN_APPLY_Y].type = problem->type;
    if (problem->training)
        problem->desc[BN_APPLY_SUMS] = stats;
    if (p->activation == GD_ACTIVATION_NONE)
        problem->unread |= GD_BIT(BN_APPLY_Y);
    return GD_OK;
}

static double flops(const gd_problem *problem, gd_direction direction)
{
    const double per_element[GD_DIRECTIONS] = {[GD_FWD] = 2, [GD_BWD_WEIGHT] = 4, [GD_BWD_DATA] = 4};
    return per_element[direction] * (double)gd_desc_count(problem->desc[BN_APPLY_X]);
}

// clang-format off
static const gd_impl forward[] = {
    GD_CUDA_ENTRY(simt, gd_bn_apply_fwd, GD_CUDA_FLOATS, NULL, NULL)
    GD_CUDA_LIBRARY_TYPES(cudnn, gd_bn_apply_fwd, GD_ONE(F32) | GD_ONE(F16), gd_bn_apply_fwd_cudnn_accepts, gd_cudnn_release)
    GD_AVX512BF16_WORK(gd_bn_apply_fwd, gd_bn_apply_fwd_prepare)
    GD_SIMD_WORK(gd_bn_apply_fwd, 0, gd_bn_apply_fwd_prepare)
    GD_REF(gd_bn_apply_fwd)
};
GD_TRAIN(
static const gd_impl backward_data[] = {
    GD_CUDA_ENTRY(simt, gd_bn_apply_bwd_data, GD_CUDA_FLOATS, NULL, NULL)
    GD_AVX512BF16_WORK(gd_bn_apply_bwd_data, gd_bn_apply_bwd_data_prepare)
    GD_SIMD_WORK(gd_bn_apply_bwd_data, 0, gd_bn_apply_bwd_data_prepare)
    GD_REF(gd_bn_apply_bwd_data)
};
static const gd_impl backward_weight[] = {
    GD_CUDA_ENTRY(simt, gd_bn_apply_bwd_weight, GD_CUDA_FLOATS, NULL, gd_bn_apply_bwd_weight_simt_prepare)
    GD_AVX512BF16_WORK(gd_bn_apply_bwd_weight, gd_bn_apply_bwd_weight_prepare)
    GD_SIMD_WORK(gd_bn_apply_bwd_weight, 0, gd_bn_apply_bwd_weight_prepare)
    GD_REF(gd_bn_apply_bwd_weight)
};)
// clang-format on

const gd_op gd_op_bn_apply = {
    .name = "bn_apply",
    .summary = "normalises with statistics, scales, shifts; with residual and activation behind it",
    .params_bytes = sizeof(gd_bn_apply_params),
    .fields = fields,
    .operand = {[BN_APPLY_X] = {"x"},
                [BN_APPLY_STATS] = {"stats", GD_ROLE_NONE, GD_DOMAIN_STATISTICS},
                [BN_APPLY_RESIDUAL] = {"residual"},
                [BN_APPLY_GAMMA] = {"gamma", GD_ROLE_SCALE},
                [BN_APPLY_BETA] = {"beta", GD_ROLE_SHIFT},
                [BN_APPLY_RUNNING] = {"running", GD_ROLE_RUNNING, GD_DOMAIN_STATISTICS},
                [BN_APPLY_Y] = {"y"},
                [BN_APPLY_SUMS] = {"sums"}},
    .infer = infer,
    .flops = flops,
    .direction = {[GD_FWD] = {GD_BIT(BN_APPLY_X) | GD_BIT(BN_APPLY_STATS) | GD_BIT(BN_APPLY_RESIDUAL) |
                                  GD_BIT(BN_APPLY_GAMMA) | GD_BIT(BN_APPLY_BETA) | GD_BIT(BN_APPLY_RUNNING),
                              GD_BIT(BN_APPLY_Y), forward},
                  GD_TRAIN([GD_BWD_WEIGHT] = {GD_BIT(BN_APPLY_X) | GD_BIT(BN_APPLY_STATS) | GD_BIT(BN_APPLY_Y) |
                                                  GD_BIT(BN_APPLY_DY),
                                              GD_BIT(BN_APPLY_DGAMMA) | GD_BIT(BN_APPLY_DBETA) | GD_BIT(BN_APPLY_SUMS),
                                              backward_weight},
                           [GD_BWD_DATA] = {GD_BIT(BN_APPLY_X) | GD_BIT(BN_APPLY_STATS) | GD_BIT(BN_APPLY_GAMMA) |
                                                GD_BIT(BN_APPLY_Y) | GD_BIT(BN_APPLY_DY) | GD_BIT(BN_APPLY_SUMS),
                                            GD_BIT(BN_APPLY_DX) | GD_BIT(BN_APPLY_DRESIDUAL), backward_data})},
    .tolerance = 8,
    GD_JUDGE(.magnitude = {[GD_FWD] = gd_bn_apply_fwd_magnitude,
                           [GD_BWD_WEIGHT] = gd_bn_apply_bwd_weight_magnitude,
                           [GD_BWD_DATA] = gd_bn_apply_bwd_data_magnitude}, )};
