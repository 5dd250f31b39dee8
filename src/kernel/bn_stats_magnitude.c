// SPDX-License-Identifier: Apache-2.0
#include "kernel/bn_stats.h"

#include <math.h>

gd_status gd_bn_stats_fwd_magnitude(const gd_call *call, const gd_ctx *ctx)
{
    (void)ctx;
    const gd_bn_stats_params *p = call->problem->params;
    const gd_bn_sizes z = gd_bn_sizes_of(call->problem->desc[BN_STATS_X], p->group);
    const double *x = call->at[BN_STATS_X];
    double *stats = call->at[BN_STATS_STATS];

    for (int64_t g = 0; g < z.groups; g++) {
        const double *xs = x + g * z.group_rows * z.C;
        int64_t rows = gd_bn_rows_of(z, g);
        for (int64_t c = 0; c < z.C; c++) {
            double mean = 0, magnitude = 0, terms = 0;
            for (int64_t r = 0; r < rows; r++) {
                mean += xs[r * z.C + c] / (double)rows;
                magnitude += fabs(xs[r * z.C + c]) / (double)rows;
            }
            for (int64_t r = 0; r < rows; r++)
                terms += fabs(xs[r * z.C + c] - mean) * (fabs(xs[r * z.C + c]) + fabs(mean));
            stats[(2 * g + 0) * z.C + c] = magnitude;
            stats[(2 * g + 1) * z.C + c] = terms / (double)rows;
        }
    }
    return GD_OK;
}
