// SPDX-License-Identifier: Apache-2.0
#include "kernel/bn_apply.h"
#include "kernel/variant.h"

#include <tgmath.h>

/* The gradient before the activation. */
static real dz_at(const gd_call *call, int64_t i)
{
    const gd_bn_apply_params *p = call->problem->params;
    const store_t *y = call->at[BN_APPLY_Y], *dy = call->at[BN_APPLY_DY];
    return p->activation == GD_ACTIVATION_RELU && !(load(y[i]) > 0) ? 0 : load(dy[i]);
}

gd_status GD_NAME(gd_bn_apply_bwd_weight)(const gd_call *call, const gd_ctx *ctx)
{
    (void)ctx;
    const gd_bn_apply_params *p = call->problem->params;
    const gd_bn_sizes z = gd_bn_apply_sizes_of(call->problem);
    const store_t *x = call->at[BN_APPLY_X];
    const real *stats = call->at[BN_APPLY_STATS];
    real *sums = call->at[BN_APPLY_SUMS], *dgamma = call->at[BN_APPLY_DGAMMA], *dbeta = call->at[BN_APPLY_DBETA];

    for (int64_t c = 0; c < z.C; c++) {
        double all_dz = 0, all_dz_xhat = 0;
        for (int64_t g = 0; g < z.groups; g++) {
            real mean = stats[2 * g * z.C + c], rstd = 1 / sqrt(stats[(2 * g + 1) * z.C + c] + (real)p->epsilon);
            double sum_dz = 0, sum_dz_xhat = 0;
            for (int64_t r = 0; r < gd_bn_rows_of(z, g); r++) {
                int64_t i = (g * z.group_rows + r) * z.C + c;
                sum_dz += dz_at(call, i);
                sum_dz_xhat += dz_at(call, i) * ((load(x[i]) - mean) * rstd);
            }
            sums[(2 * g + 0) * z.C + c] = (real)sum_dz;
            sums[(2 * g + 1) * z.C + c] = (real)sum_dz_xhat;
            all_dz += sum_dz;
            all_dz_xhat += sum_dz_xhat;
        }
        dbeta[c] = (real)all_dz;
        dgamma[c] = (real)all_dz_xhat;
    }
    return GD_OK;
}

gd_status GD_NAME(gd_bn_apply_bwd_data)(const gd_call *call, const gd_ctx *ctx)
{
    (void)ctx;
    const gd_bn_apply_params *p = call->problem->params;
    const gd_bn_sizes z = gd_bn_apply_sizes_of(call->problem);
    const store_t *x = call->at[BN_APPLY_X];
    const real *stats = call->at[BN_APPLY_STATS], *gamma = call->at[BN_APPLY_GAMMA], *sums = call->at[BN_APPLY_SUMS];
    store_t *dx = call->at[BN_APPLY_DX], *dresidual = call->at[BN_APPLY_DRESIDUAL];

    for (int64_t r = 0; r < z.rows; r++) {
        int64_t g = r / z.group_rows;
        const real *mean = stats + 2 * g * z.C, *variance = mean + z.C;
        const real *sum_dz = sums + 2 * g * z.C, *sum_dz_xhat = sum_dz + z.C;
        real M = (real)gd_bn_rows_of(z, g);
        for (int64_t c = 0; c < z.C; c++) {
            int64_t i = r * z.C + c;
            real rstd = 1 / sqrt(variance[c] + (real)p->epsilon);
            real xhat = (load(x[i]) - mean[c]) * rstd;
            real dz = dz_at(call, i);
            if (dx)
                dx[i] = store(gamma[c] * rstd * (dz - sum_dz[c] / M - xhat * sum_dz_xhat[c] / M));
            if (dresidual)
                dresidual[i] = store(dz);
        }
    }
    return GD_OK;
}
