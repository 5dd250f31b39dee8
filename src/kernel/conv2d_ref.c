// SPDX-License-Identifier: Apache-2.0
#include "kernel/conv2d.h"
#include "kernel/variant.h"

gd_status GD_NAME(gd_conv2d_fwd)(const gd_call *call, const gd_ctx *ctx)
{
    (void)ctx;
    const gd_conv2d_params *p = call->problem->params;
    const gd_conv2d_sizes z = gd_conv2d_sizes_of(call->problem);
    const store_t *x = call->at[CONV2D_X], *residual = call->at[CONV2D_RESIDUAL];
    const real *w = call->at[CONV2D_W], *b = call->at[CONV2D_B];
    store_t *y = call->at[CONV2D_Y];

    for (int64_t pixel = 0; pixel < z.N * z.P * z.Q; pixel++) {
        int64_t n = pixel / (z.P * z.Q), h0 = pixel / z.Q % z.P * p->stride - p->pad,
                w0 = pixel % z.Q * p->stride - p->pad;
        for (int64_t k = 0; k < z.K; k++) {
            real sum = b ? b[k] : 0;
            for (int64_t r = 0; r < z.R; r++) {
                int64_t ih = h0 + r * p->dilation;
                if (ih < 0 || ih >= z.H)
                    continue;
                for (int64_t s = 0; s < z.S; s++) {
                    int64_t iw = w0 + s * p->dilation;
                    if (iw < 0 || iw >= z.W)
                        continue;
                    const store_t *xs = x + ((n * z.H + ih) * z.W + iw) * z.C + k / z.group_K * z.group_C;
                    const real *ws = w + ((k * z.R + r) * z.S + s) * z.group_C;
                    for (int64_t c = 0; c < z.group_C; c++)
                        sum += load(xs[c]) * ws[c];
                }
            }
            if (residual)
                sum += load(residual[pixel * z.K + k]);
            if (p->activation == GD_ACTIVATION_RELU && sum <= 0)
                sum = 0;
            y[pixel * z.K + k] = store(sum);
        }
    }
    return GD_OK;
}
