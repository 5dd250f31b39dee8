// SPDX-License-Identifier: Apache-2.0
#include "kernel/pool2d.h"
#include "kernel/variant.h"

/* What window (p,q) sends to pixel (h,w), of the gradient g at this channel. */
static real share(const gd_pool2d_sizes z, int64_t h, int64_t w, int64_t p, int64_t q, const uint8_t *argmax, real g)
{
    if (argmax)
        return *argmax == (h + z.pad - p * z.stride) * z.kernel + w + z.pad - q * z.stride ? g : 0;
    gd_pool2d_range rows = gd_pool2d_taps(z, p, z.H), columns = gd_pool2d_taps(z, q, z.W);
    return g / (real)((rows.end - rows.begin) * (columns.end - columns.begin));
}

gd_status GD_NAME(gd_pool2d_bwd_data)(const gd_call *call, const gd_ctx *ctx)
{
    (void)ctx;
    const gd_pool2d_sizes z = gd_pool2d_sizes_of(call->problem);
    const store_t *dy = call->at[POOL2D_DY];
    const uint8_t *argmax = call->at[POOL2D_ARGMAX];
    store_t *dx = call->at[POOL2D_DX];

    for (int64_t pixel = 0; pixel < z.N * z.H * z.W; pixel++) {
        int64_t n = pixel / (z.H * z.W), h = pixel / z.W % z.H, w = pixel % z.W;
        gd_pool2d_range rows = gd_pool2d_windows(z, h, z.P), columns = gd_pool2d_windows(z, w, z.Q);
        for (int64_t c = 0; c < z.C; c++) {
            real sum = 0;
            for (int64_t p = rows.begin; p < rows.end; p++) {
                for (int64_t q = columns.begin; q < columns.end; q++) {
                    int64_t i = ((n * z.P + p) * z.Q + q) * z.C + c;
                    sum += share(z, h, w, p, q, argmax ? argmax + i : NULL, load(dy[i]));
                }
            }
            dx[pixel * z.C + c] = store(sum);
        }
    }
    return GD_OK;
}
