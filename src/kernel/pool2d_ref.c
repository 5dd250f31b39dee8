// SPDX-License-Identifier: Apache-2.0
#include "kernel/pool2d.h"
#include "kernel/variant.h"

/* One channel of one window: `x` at its first pixel inside the image. */
static real pool(const gd_pool2d_sizes z, const store_t *x, gd_pool2d_range rows, gd_pool2d_range columns, bool is_max,
                 uint8_t *argmax)
{
    real best = load(*x), sum = 0;
    int64_t at = rows.begin * z.kernel + columns.begin;
    for (int64_t r = rows.begin; r < rows.end; r++) {
        for (int64_t s = columns.begin; s < columns.end; s++) {
            real v = load(x[((r - rows.begin) * z.W + s - columns.begin) * z.C]);
            sum += v;
            if (GD_POOL_REPLACES(v, best)) {
                best = v;
                at = r * z.kernel + s;
            }
        }
    }
    if (argmax)
        *argmax = (uint8_t)at;
    return is_max ? best : sum / (real)((rows.end - rows.begin) * (columns.end - columns.begin));
}

gd_status GD_NAME(gd_pool2d_fwd)(const gd_call *call, const gd_ctx *ctx)
{
    (void)ctx;
    const gd_pool2d_params *p = call->problem->params;
    const gd_pool2d_sizes z = gd_pool2d_sizes_of(call->problem);
    const store_t *x = call->at[POOL2D_X];
    store_t *y = call->at[POOL2D_Y];
    uint8_t *argmax = call->at[POOL2D_ARGMAX];

    for (int64_t pixel = 0; pixel < z.N * z.P * z.Q; pixel++) {
        int64_t n = pixel / (z.P * z.Q), h0 = pixel / z.Q % z.P, w0 = pixel % z.Q;
        gd_pool2d_range rows = gd_pool2d_taps(z, h0, z.H), columns = gd_pool2d_taps(z, w0, z.W);
        int64_t h = h0 * z.stride - z.pad + rows.begin, w = w0 * z.stride - z.pad + columns.begin;
        for (int64_t c = 0; c < z.C; c++) {
            int64_t i = pixel * z.C + c;
            y[i] = store(pool(z, x + ((n * z.H + h) * z.W + w) * z.C + c, rows, columns, p->kind == GD_POOL_MAX,
                              argmax ? argmax + i : NULL));
        }
    }
    return GD_OK;
}
