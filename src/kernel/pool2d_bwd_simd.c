// SPDX-License-Identifier: Apache-2.0
/* Every pixel of dx is written once, by vectors of channels. Where windows tile the image (stride = kernel, no pad) a
 * window writes its own pixels; else a pixel gathers from the windows that hold it. One piece of work is some rows of
 * windows, or of dx. */
#include "base/parallel.h"
#include "kernel/lanes.h"
#include "kernel/pool2d.h"

#define INLINED static inline __attribute__((always_inline))

enum { PIECE = 32768 }; /* elements of dx in a piece, about */

/* n channels, from c on, of a window that shares no pixel; dx at its first pixel, `row` from one to the next. */
INLINED void spread(const store_t *dy, const uint8_t *argmax, const int kernel, int64_t C, int64_t c, const int n,
                    store_t *dx, int64_t row)
{
    const lanes gradient = lanes_load(dy + c, n), position = argmax ? lanes_load_bytes(argmax + c, n) : lanes_set(0);
    const lanes share = lanes_mul(gradient, lanes_set(1.0f / (float)(kernel * kernel)));
    for (int r = 0; r < kernel; r++) {
        for (int s = 0; s < kernel; s++) {
            store_t *to = dx + r * row + s * C + c;
            lanes_mask is_max = lanes_equal(position, lanes_set((float)(r * kernel + s)));
            if (argmax)
                lanes_store_exact(to, lanes_pick(is_max, gradient, lanes_set(0)), n);
            else
                lanes_store(to, share, n);
        }
    }
}

INLINED void spread_all(const store_t *dy, const uint8_t *argmax, const int kernel, int64_t C, store_t *dx, int64_t row)
{
    int64_t c = 0;
    for (; c + LANES <= C; c += LANES)
        spread(dy, argmax, kernel, C, c, LANES, dx, row);
    if (c < C)
        spread(dy, argmax, kernel, C, c, (int)(C - c), dx, row);
}

/* Rows of windows [begin, end), counted over images, and the pixels to the right of and below the last window. */
static void spread_rows(void *argument, int64_t begin, int64_t end)
{
    const gd_call *call = argument;
    const gd_pool2d_sizes z = gd_pool2d_sizes_of(call->problem);
    const int64_t row = z.W * z.C, right = (z.W - z.Q * z.kernel) * z.C;
    for (int64_t i = begin; i < end; i++) {
        const int64_t n = i / z.P, p = i % z.P;
        store_t *dx = (store_t *)call->at[POOL2D_DX] + (n * z.H + p * z.kernel) * row;
        for (int64_t q = 0; q < z.Q; q++) {
            const int64_t first = (i * z.Q + q) * z.C;
            const store_t *dy = (const store_t *)call->at[POOL2D_DY] + first;
            const uint8_t *argmax = call->at[POOL2D_ARGMAX];
            store_t *to = dx + q * z.kernel * z.C;
            if (argmax && z.kernel == 2)
                spread_all(dy, argmax + first, 2, z.C, to, row);
            else
                spread_all(dy, argmax ? argmax + first : NULL, (int)z.kernel, z.C, to, row);
        }
        for (int64_t r = 1; right && r <= z.kernel; r++)
            memset(dx + r * row - right, 0, (size_t)right * sizeof *dx);
        if (p + 1 == z.P)
            memset(dx + z.kernel * row, 0, (size_t)((z.H - z.P * z.kernel) * row) * sizeof *dx);
    }
}

/* A pixel of dx, and the windows that hold it. */
typedef struct pixel {
    int64_t n, h, w;
    gd_pool2d_range rows, columns;
} pixel;

/* n channels of a pixel, from c on. */
INLINED void gather(const gd_call *call, const gd_pool2d_sizes z, pixel at, int64_t c, const int n, store_t *dx)
{
    const uint8_t *argmax = call->at[POOL2D_ARGMAX];
    lanes sum = lanes_set(0);
    for (int64_t p = at.rows.begin; p < at.rows.end; p++) {
        const gd_pool2d_range rows = gd_pool2d_taps(z, p, z.H);
        for (int64_t q = at.columns.begin; q < at.columns.end; q++) {
            const gd_pool2d_range columns = gd_pool2d_taps(z, q, z.W);
            const int64_t first = ((at.n * z.P + p) * z.Q + q) * z.C + c;
            const int64_t tap = (at.h + z.pad - p * z.stride) * z.kernel + at.w + z.pad - q * z.stride;
            const int64_t pixels = (rows.end - rows.begin) * (columns.end - columns.begin);
            lanes gradient = lanes_load((const store_t *)call->at[POOL2D_DY] + first, n);
            if (argmax)
                gradient = lanes_pick(lanes_equal(lanes_load_bytes(argmax + first, n), lanes_set((float)tap)), gradient,
                                      lanes_set(0));
            else
                gradient = lanes_mul(gradient, lanes_set(1.0f / (float)pixels));
            sum = lanes_add(sum, gradient);
        }
    }
    lanes_store(dx + c, sum, n);
}

/* Rows of dx [begin, end), counted over images. */
static void gather_rows(void *argument, int64_t begin, int64_t end)
{
    const gd_call *call = argument;
    const gd_pool2d_sizes z = gd_pool2d_sizes_of(call->problem);
    store_t *dx = (store_t *)call->at[POOL2D_DX] + begin * z.W * z.C;
    for (int64_t i = begin; i < end; i++) {
        pixel at = {.n = i / z.H, .h = i % z.H, .rows = gd_pool2d_windows(z, i % z.H, z.P)};
        for (at.w = 0; at.w < z.W; at.w++, dx += z.C) {
            at.columns = gd_pool2d_windows(z, at.w, z.Q);
            int64_t c = 0;
            for (; c + LANES <= z.C; c += LANES)
                gather(call, z, at, c, LANES, dx);
            if (c < z.C)
                gather(call, z, at, c, (int)(z.C - c), dx);
        }
    }
}

gd_status GD_NAME(gd_pool2d_bwd_data)(const gd_call *call, const gd_ctx *ctx)
{
    const gd_pool2d_sizes z = gd_pool2d_sizes_of(call->problem);
    if (z.stride == z.kernel && z.pad == 0)
        gd_parallel_for(ctx->threads, z.N * z.P, 1 + PIECE / (z.W * z.C * z.kernel), spread_rows, (void *)call);
    else
        gd_parallel_for(ctx->threads, z.N * z.H, 1 + PIECE / (z.W * z.C), gather_rows, (void *)call);
    return GD_OK;
}
