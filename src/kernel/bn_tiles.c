// SPDX-License-Identifier: Apache-2.0
/* What the vectorised loops of batch norm need as scratch. */
#include "kernel/bn_tiles.h"
#include "kernel/bn_apply.h"
#include "kernel/bn_stats.h"

/* `n` factors per group and element of a wide row. */
static void need_factors(gd_bn_sizes z, int n, gd_needs *needs)
{
    const gd_bn_tiles t = gd_bn_tiles_of(z);
    needs->work_bytes = (size_t)(z.groups * n * t.pitch) * sizeof(float);
}

gd_status gd_bn_apply_fwd_prepare(const gd_problem *problem, int threads, gd_needs *needs, gd_error *error)
{
    (void)threads, (void)error;
    need_factors(gd_bn_apply_sizes_of(problem), 2, needs);
    return GD_OK;
}

#ifndef GRIDDLE_INFER
static void need_sums(gd_bn_sizes z, gd_needs *needs)
{
    const gd_bn_tiles t = gd_bn_tiles_of(z);
    needs->work_bytes = gd_bn_totals_bytes(&t) + gd_bn_partials_bytes(&t);
}

gd_status gd_bn_stats_fwd_prepare(const gd_problem *problem, int threads, gd_needs *needs, gd_error *error)
{
    (void)threads, (void)error;
    const gd_bn_stats_params *p = problem->params;
    need_sums(gd_bn_sizes_of(problem->desc[BN_STATS_X], p->group), needs);
    return GD_OK;
}

gd_status gd_bn_apply_bwd_data_prepare(const gd_problem *problem, int threads, gd_needs *needs, gd_error *error)
{
    (void)threads, (void)error;
    need_factors(gd_bn_apply_sizes_of(problem), 3, needs);
    return GD_OK;
}

gd_status gd_bn_apply_bwd_weight_prepare(const gd_problem *problem, int threads, gd_needs *needs, gd_error *error)
{
    (void)threads, (void)error;
    need_sums(gd_bn_apply_sizes_of(problem), needs);
    return GD_OK;
}
#endif
