// SPDX-License-Identifier: Apache-2.0
#include "kernel/linear.h"
#include "kernel/variant.h"

gd_status GD_NAME(gd_linear_bwd_data)(const gd_call *call, const gd_ctx *ctx)
{
    (void)ctx;
    const gd_linear_sizes z = gd_linear_sizes_of(call->problem);
    const store_t *dy = call->at[LINEAR_DY];
    const real *w = call->at[LINEAR_W];
    store_t *dx = call->at[LINEAR_DX];

    for (int64_t n = 0; n < z.N; n++) {
        for (int64_t c = 0; c < z.C; c++) {
            real sum = 0;
            for (int64_t k = 0; k < z.K; k++)
                sum += load(dy[n * z.K + k]) * w[k * z.C + c];
            dx[n * z.C + c] = store(sum);
        }
    }
    return GD_OK;
}

gd_status GD_NAME(gd_linear_bwd_weight)(const gd_call *call, const gd_ctx *ctx)
{
    (void)ctx;
    const gd_linear_sizes z = gd_linear_sizes_of(call->problem);
    const store_t *x = call->at[LINEAR_X], *dy = call->at[LINEAR_DY];
    real *dw = call->at[LINEAR_DW], *db = call->at[LINEAR_DB];

    for (int64_t k = 0; k < z.K; k++) {
        for (int64_t c = 0; c < z.C; c++) {
            real sum = 0;
            for (int64_t n = 0; n < z.N; n++)
                sum += load(dy[n * z.K + k]) * load(x[n * z.C + c]);
            dw[k * z.C + c] = sum;
        }
        real sum = 0;
        for (int64_t n = 0; n < z.N; n++)
            sum += load(dy[n * z.K + k]);
        if (db)
            db[k] = sum;
    }
    return GD_OK;
}
