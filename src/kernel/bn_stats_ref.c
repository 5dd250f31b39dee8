// SPDX-License-Identifier: Apache-2.0
#include "kernel/bn_stats.h"
#include "kernel/variant.h"

gd_status GD_NAME(gd_bn_stats_fwd)(const gd_call *call, const gd_ctx *ctx)
{
    (void)ctx;
    const gd_bn_stats_params *p = call->problem->params;
    const gd_bn_sizes z = gd_bn_sizes_of(call->problem->desc[BN_STATS_X], p->group);
    const store_t *x = call->at[BN_STATS_X];
    real *stats = call->at[BN_STATS_STATS];

    for (int64_t g = 0; g < z.groups; g++) {
        const store_t *xs = x + g * z.group_rows * z.C;
        int64_t rows = gd_bn_rows_of(z, g);
        for (int64_t c = 0; c < z.C; c++) {
            double sum = 0, squares = 0;
            for (int64_t r = 0; r < rows; r++)
                sum += load(xs[r * z.C + c]);
            double mean = sum / (double)rows;
            for (int64_t r = 0; r < rows; r++) {
                double d = load(xs[r * z.C + c]) - mean;
                squares += d * d;
            }
            stats[(2 * g + 0) * z.C + c] = (real)mean;
            stats[(2 * g + 1) * z.C + c] = (real)(squares / (double)rows);
        }
    }
    return GD_OK;
}

gd_status GD_NAME(gd_bn_stats_bwd_weight)(const gd_call *call, const gd_ctx *ctx)
{
    const gd_bn_stats_params *p = call->problem->params;
    const gd_desc x = call->problem->desc[BN_STATS_X];
    const gd_bn_sizes z = gd_bn_sizes_of(x, p->group);
    const double all_rows = (double)z.rows / (double)x.dim[0] * ctx->record->batch;
    const real *stats = call->at[BN_STATS_STATS];
    real *drunning = call->at[BN_STATS_DRUNNING];

    for (int64_t c = 0; c < z.C; c++) {
        double mean = 0, variance = 0;
        for (int64_t g = 0; g < z.groups; g++) {
            double rows = (double)gd_bn_rows_of(z, g), share = rows / all_rows;
            mean += share * stats[2 * g * z.C + c];
            double whole = p->group == 0 ? all_rows : rows;
            variance += share * stats[(2 * g + 1) * z.C + c] * (whole > 1 ? whole / (whole - 1) : 1);
        }
        drunning[c] = (real)mean;
        drunning[z.C + c] = (real)variance;
    }
    return GD_OK;
}

gd_status GD_NAME(gd_bn_stats_update)(const gd_call *call, const gd_ctx *ctx)
{
    if (ctx->tally->skip)
        return GD_OK;
    const gd_bn_stats_params *p = call->problem->params;
    const real *drunning = call->at[BN_STATS_DRUNNING];
    real *running = call->at[BN_STATS_RUNNING];
    for (int64_t i = 0; i < gd_desc_count(call->problem->desc[BN_STATS_RUNNING]); i++)
        running[i] = (real)((1 - p->momentum) * running[i] + p->momentum * drunning[i]);
    return GD_OK;
}
