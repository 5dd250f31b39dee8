// SPDX-License-Identifier: Apache-2.0
#include "kernel/bn_apply.h"
#include "kernel/variant.h"

#include <tgmath.h>

gd_status GD_NAME(gd_bn_apply_fwd)(const gd_call *call, const gd_ctx *ctx)
{
    (void)ctx;
    const gd_bn_apply_params *p = call->problem->params;
    const gd_bn_sizes z = gd_bn_apply_sizes_of(call->problem);
    const store_t *x = call->at[BN_APPLY_X], *residual = call->at[BN_APPLY_RESIDUAL];
    const real *gamma = call->at[BN_APPLY_GAMMA], *beta = call->at[BN_APPLY_BETA];
    const real *stats = call->at[BN_APPLY_STATS] ? call->at[BN_APPLY_STATS] : call->at[BN_APPLY_RUNNING];
    store_t *y = call->at[BN_APPLY_Y];

    for (int64_t r = 0; r < z.rows; r++) {
        const real *mean = stats + r / z.group_rows * 2 * z.C, *variance = mean + z.C;
        for (int64_t c = 0; c < z.C; c++) {
            int64_t i = r * z.C + c;
            real rstd = 1 / sqrt(variance[c] + (real)p->epsilon);
            real sum = gamma[c] * ((load(x[i]) - mean[c]) * rstd) + beta[c];
            if (residual)
                sum += load(residual[i]);
            if (p->activation == GD_ACTIVATION_RELU && sum <= 0)
                sum = 0;
            y[i] = store(sum);
        }
    }
    return GD_OK;
}
