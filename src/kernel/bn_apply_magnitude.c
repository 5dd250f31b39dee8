// SPDX-License-Identifier: Apache-2.0
/* The formulas of bn_apply with every term positive. */
#include "kernel/bn_apply.h"

#include <math.h>

/* What all three directions need of element (r, c). */
typedef struct element {
    double rstd, xhat, dz; /* magnitudes */
} element;

static element element_at(const gd_call *call, gd_bn_sizes z, int64_t r, int64_t c)
{
    const gd_bn_apply_params *p = call->problem->params;
    const double *x = call->at[BN_APPLY_X], *y = call->at[BN_APPLY_Y], *dy = call->at[BN_APPLY_DY];
    const double *stats = call->at[BN_APPLY_STATS] ? call->at[BN_APPLY_STATS] : call->at[BN_APPLY_RUNNING];
    const double *mean = stats + r / z.group_rows * 2 * z.C, *variance = mean + z.C;
    int64_t i = r * z.C + c;
    element e = {.rstd = 1 / sqrt(variance[c] + p->epsilon)};
    e.xhat = (fabs(x[i]) + fabs(mean[c])) * e.rstd;
    if (dy && (p->activation == GD_ACTIVATION_NONE || y[i] > 0))
        e.dz = fabs(dy[i]);
    return e;
}

gd_status gd_bn_apply_fwd_magnitude(const gd_call *call, const gd_ctx *ctx)
{
    (void)ctx;
    const gd_bn_sizes z = gd_bn_apply_sizes_of(call->problem);
    const double *gamma = call->at[BN_APPLY_GAMMA], *beta = call->at[BN_APPLY_BETA];
    const double *residual = call->at[BN_APPLY_RESIDUAL];
    double *y = call->at[BN_APPLY_Y];
    for (int64_t r = 0; r < z.rows; r++) {
        for (int64_t c = 0; c < z.C; c++)
            y[r * z.C + c] = fabs(gamma[c]) * element_at(call, z, r, c).xhat + fabs(beta[c]) +
                             (residual ? fabs(residual[r * z.C + c]) : 0);
    }
    return GD_OK;
}

gd_status gd_bn_apply_bwd_weight_magnitude(const gd_call *call, const gd_ctx *ctx)
{
    (void)ctx;
    const gd_bn_sizes z = gd_bn_apply_sizes_of(call->problem);
    double *sums = call->at[BN_APPLY_SUMS], *dgamma = call->at[BN_APPLY_DGAMMA], *dbeta = call->at[BN_APPLY_DBETA];
    for (int64_t i = 0; i < z.groups * 2 * z.C; i++)
        sums[i] = 0;
    for (int64_t c = 0; c < z.C; c++)
        dgamma[c] = dbeta[c] = 0;
    for (int64_t r = 0; r < z.rows; r++) {
        double *sum_dz = sums + r / z.group_rows * 2 * z.C, *sum_dz_xhat = sum_dz + z.C;
        for (int64_t c = 0; c < z.C; c++) {
            element e = element_at(call, z, r, c);
            sum_dz[c] += e.dz;
            sum_dz_xhat[c] += e.dz * e.xhat;
            dbeta[c] += e.dz;
            dgamma[c] += e.dz * e.xhat;
        }
    }
    return GD_OK;
}

gd_status gd_bn_apply_bwd_data_magnitude(const gd_call *call, const gd_ctx *ctx)
{
    (void)ctx;
    const gd_bn_sizes z = gd_bn_apply_sizes_of(call->problem);
    const double *gamma = call->at[BN_APPLY_GAMMA], *sums = call->at[BN_APPLY_SUMS];
    double *dx = call->at[BN_APPLY_DX], *dresidual = call->at[BN_APPLY_DRESIDUAL];
    for (int64_t r = 0; r < z.rows; r++) {
        int64_t g = r / z.group_rows;
        const double *sum_dz = sums + g * 2 * z.C, *sum_dz_xhat = sum_dz + z.C;
        double M = (double)gd_bn_rows_of(z, g);
        for (int64_t c = 0; c < z.C; c++) {
            element e = element_at(call, z, r, c);
            if (dx)
                dx[r * z.C + c] =
                    fabs(gamma[c]) * e.rstd * (e.dz + fabs(sum_dz[c]) / M + e.xhat * fabs(sum_dz_xhat[c]) / M);
            if (dresidual)
                dresidual[r * z.C + c] = e.dz;
        }
    }
    return GD_OK;
}
