// SPDX-License-Identifier: Apache-2.0
#include "kernel/conv2d.h"
#include "kernel/variant.h"

gd_status GD_NAME(gd_conv2d_bwd_data)(const gd_call *call, const gd_ctx *ctx)
{
    (void)ctx;
    const gd_conv2d_params *p = call->problem->params;
    const gd_conv2d_sizes z = gd_conv2d_sizes_of(call->problem);
    const store_t *dy = call->at[CONV2D_DY];
    const real *w = call->at[CONV2D_W];
    store_t *dx = call->at[CONV2D_DX];

    for (int64_t pixel = 0; pixel < z.N * z.H * z.W; pixel++) {
        int64_t n = pixel / (z.H * z.W), h = pixel / z.W % z.H, iw = pixel % z.W;
        for (int64_t c = 0; c < z.C; c++) {
            int64_t first_k = c / z.group_C * z.group_K;
            real sum = 0;
            for (int64_t r = 0; r < z.R; r++) {
                int64_t hp = h + p->pad - r * p->dilation;
                if (hp < 0 || hp % p->stride || hp / p->stride >= z.P)
                    continue;
                for (int64_t s = 0; s < z.S; s++) {
                    int64_t wq = iw + p->pad - s * p->dilation;
                    if (wq < 0 || wq % p->stride || wq / p->stride >= z.Q)
                        continue;
                    const store_t *dys = dy + ((n * z.P + hp / p->stride) * z.Q + wq / p->stride) * z.K + first_k;
                    for (int64_t k = 0; k < z.group_K; k++)
                        sum += load(dys[k]) * w[(((first_k + k) * z.R + r) * z.S + s) * z.group_C + c % z.group_C];
                }
            }
            dx[pixel * z.C + c] = store(sum);
        }
    }
    return GD_OK;
}

gd_status GD_NAME(gd_conv2d_bwd_weight)(const gd_call *call, const gd_ctx *ctx)
{
    (void)ctx;
    const gd_conv2d_params *p = call->problem->params;
    const gd_conv2d_sizes z = gd_conv2d_sizes_of(call->problem);
    const store_t *x = call->at[CONV2D_X], *dy = call->at[CONV2D_DY];
    real *dw = call->at[CONV2D_DW], *db = call->at[CONV2D_DB];

    for (int64_t i = 0; i < z.K * z.R * z.S * z.group_C; i++)
        dw[i] = 0;
    for (int64_t k = 0; db && k < z.K; k++)
        db[k] = 0;
    for (int64_t pixel = 0; pixel < z.N * z.P * z.Q; pixel++) {
        int64_t n = pixel / (z.P * z.Q), h0 = pixel / z.Q % z.P * p->stride - p->pad,
                w0 = pixel % z.Q * p->stride - p->pad;
        for (int64_t k = 0; k < z.K; k++) {
            real g = load(dy[pixel * z.K + k]);
            if (db)
                db[k] += g;
            for (int64_t r = 0; r < z.R; r++) {
                int64_t ih = h0 + r * p->dilation;
                if (ih < 0 || ih >= z.H)
                    continue;
                for (int64_t s = 0; s < z.S; s++) {
                    int64_t iw = w0 + s * p->dilation;
                    if (iw < 0 || iw >= z.W)
                        continue;
                    const store_t *xs = x + ((n * z.H + ih) * z.W + iw) * z.C + k / z.group_K * z.group_C;
                    real *dws = dw + ((k * z.R + r) * z.S + s) * z.group_C;
                    for (int64_t c = 0; c < z.group_C; c++)
                        dws[c] += g * load(xs[c]);
                }
            }
        }
    }
    return GD_OK;
}
