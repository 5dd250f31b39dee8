// SPDX-License-Identifier: Apache-2.0
/* Gathers: every pixel of dx is written once, from the windows that hold it; vectors over channels. One piece of work
 * is some rows of dx. Where windows tile the image (stride = kernel, no pad) a pixel has one window at most. */
#include "base/parallel.h"
#include "kernel/pool2d.h"
#include "kernel/variant.h"

#include <string.h>

enum { BLOCK = 64, PIECE = 32768 }; /* channels at once; elements of dx in a piece, about */

/* What one window gives to its pixel at `position`. */
static inline void take_max(store_t *restrict dx, const store_t *restrict dy, const uint8_t *restrict argmax,
                            int position, int64_t C)
{
    for (int64_t c = 0; c < C; c++)
        dx[c] = argmax[c] == position ? dy[c] : store(0);
}

static inline void take_share(store_t *restrict dx, const store_t *restrict dy, real share, int64_t C)
{
    for (int64_t c = 0; c < C; c++)
        dx[c] = store(load(dy[c]) * share);
}

/* A row of dx where windows tile the image: pixel w is column w % kernel of window w / kernel. */
static void tiled_row(const gd_call *call, const gd_pool2d_sizes z, int64_t n, int64_t h, store_t *restrict dx)
{
    int64_t p = h / z.kernel, r = h % z.kernel;
    if (p >= z.P) {
        memset(dx, 0, (size_t)(z.W * z.C) * sizeof *dx);
        return;
    }
    int64_t first = (n * z.P + p) * z.Q * z.C;
    const store_t *dy = (const store_t *)call->at[POOL2D_DY] + first;
    const uint8_t *argmax = call->at[POOL2D_ARGMAX];
    const real share = 1 / (real)(z.kernel * z.kernel);
    for (int64_t q = 0; q < z.Q; q++, dy += z.C) {
        for (int64_t s = 0; s < z.kernel; s++, dx += z.C) {
            if (argmax)
                take_max(dx, dy, argmax + first + q * z.C, (int)(r * z.kernel + s), z.C);
            else
                take_share(dx, dy, share, z.C);
        }
    }
    memset(dx, 0, (size_t)((z.W - z.Q * z.kernel) * z.C) * sizeof *dx);
}

/* Channels [c0, c0 + count) of pixel (h,w), whose windows are rows x columns. */
static void gather(const gd_call *call, const gd_pool2d_sizes z, int64_t n, int64_t h, int64_t w, gd_pool2d_range rows,
                   gd_pool2d_range columns, int64_t c0, int count, store_t *restrict dx)
{
    const store_t *dys = call->at[POOL2D_DY];
    const uint8_t *argmaxes = call->at[POOL2D_ARGMAX];
    real sum[BLOCK] = {0};
    for (int64_t p = rows.begin; p < rows.end; p++) {
        gd_pool2d_range taps_r = gd_pool2d_taps(z, p, z.H);
        for (int64_t q = columns.begin; q < columns.end; q++) {
            gd_pool2d_range taps_s = gd_pool2d_taps(z, q, z.W);
            int64_t i = ((n * z.P + p) * z.Q + q) * z.C + c0;
            const store_t *dy = dys + i;
            if (argmaxes) {
                const uint8_t *argmax = argmaxes + i;
                const int position = (int)((h + z.pad - p * z.stride) * z.kernel + w + z.pad - q * z.stride);
                for (int c = 0; c < count; c++)
                    sum[c] += argmax[c] == position ? load(dy[c]) : 0;
            } else {
                const real share = 1 / (real)((taps_r.end - taps_r.begin) * (taps_s.end - taps_s.begin));
                for (int c = 0; c < count; c++)
                    sum[c] += load(dy[c]) * share;
            }
        }
    }
    for (int c = 0; c < count; c++)
        dx[c] = store(sum[c]);
}

/* Rows of dx [begin, end), counted over images. */
static void backward(void *argument, int64_t begin, int64_t end)
{
    const gd_call *call = argument;
    const gd_pool2d_sizes z = gd_pool2d_sizes_of(call->problem);
    const bool tiles = z.stride == z.kernel && z.pad == 0;
    store_t *dx = (store_t *)call->at[POOL2D_DX] + begin * z.W * z.C;
    for (int64_t i = begin; i < end; i++) {
        int64_t n = i / z.H, h = i % z.H;
        if (tiles) {
            tiled_row(call, z, n, h, dx);
            dx += z.W * z.C;
            continue;
        }
        gd_pool2d_range rows = gd_pool2d_windows(z, h, z.P);
        for (int64_t w = 0; w < z.W; w++, dx += z.C) {
            gd_pool2d_range columns = gd_pool2d_windows(z, w, z.Q);
            for (int64_t c0 = 0; c0 < z.C; c0 += BLOCK)
                gather(call, z, n, h, w, rows, columns, c0, z.C - c0 < BLOCK ? (int)(z.C - c0) : BLOCK, dx + c0);
        }
    }
}

gd_status GD_NAME(gd_pool2d_bwd_data)(const gd_call *call, const gd_ctx *ctx)
{
    const gd_pool2d_sizes z = gd_pool2d_sizes_of(call->problem);
    gd_parallel_for(ctx->threads, z.N * z.H, 1 + PIECE / (z.W * z.C), backward, (void *)call);
    return GD_OK;
}
