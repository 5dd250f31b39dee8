// SPDX-License-Identifier: Apache-2.0
/* One piece of work is some rows of windows. A window goes by vectors of channels, which stay in registers while its
 * taps pass. */
#include "base/parallel.h"
#include "kernel/lanes.h"
#include "kernel/pool2d.h"

#define INLINED static inline __attribute__((always_inline))

enum { PIECE = 32768 }; /* elements of y in a piece, about */

/* A window: x at its first tap inside the image, its taps [r0, r1) x [s0, s1), how far apart they are in x. */
typedef struct window {
    const store_t *x;
    int r0, r1, s0, s1;
    int64_t row, column;
} window;

/* n channels of a window from channel c on. */
INLINED void maximum(window at, const int kernel, int64_t c, const int n, store_t *y, uint8_t *argmax)
{
    lanes best = lanes_load(at.x + c, n), position = lanes_set((float)(at.r0 * kernel + at.s0));
    for (int r = at.r0; r < at.r1; r++) {
        for (int s = at.s0; s < at.s1; s++) {
            lanes v = lanes_load(at.x + (r - at.r0) * at.row + (s - at.s0) * at.column + c, n);
            lanes_mask above = lanes_above(v, best); /* GD_POOL_REPLACES */
            best = lanes_pick(above, v, best);
            position = lanes_pick(above, lanes_set((float)(r * kernel + s)), position);
        }
    }
    lanes_store_exact(y + c, best, n);
    if (argmax)
        lanes_store_bytes(argmax + c, position, n);
}

INLINED void average(window at, int64_t c, const int n, store_t *y)
{
    lanes sum = lanes_set(0);
    for (int r = 0; r < at.r1 - at.r0; r++) {
        for (int s = 0; s < at.s1 - at.s0; s++)
            sum = lanes_add(sum, lanes_load(at.x + r * at.row + s * at.column + c, n));
    }
    lanes_store(y + c, lanes_mul(sum, lanes_set(1.0f / (float)((at.r1 - at.r0) * (at.s1 - at.s0)))), n);
}

INLINED void maxima(window at, const int kernel, int64_t C, store_t *y, uint8_t *argmax)
{
    int64_t c = 0;
    for (; c + LANES <= C; c += LANES)
        maximum(at, kernel, c, LANES, y, argmax);
    if (c < C)
        maximum(at, kernel, c, (int)(C - c), y, argmax);
}

static void averages(window at, int64_t C, store_t *y)
{
    int64_t c = 0;
    for (; c + LANES <= C; c += LANES)
        average(at, c, LANES, y);
    if (c < C)
        average(at, c, (int)(C - c), y);
}

/* The usual window is compiled for itself. */
static void pool(window at, const gd_pool2d_params *p, int64_t C, store_t *y, uint8_t *argmax)
{
    const bool whole = at.r1 - at.r0 == p->kernel && at.s1 - at.s0 == p->kernel;
    const window two = {at.x, 0, 2, 0, 2, at.row, at.column};
    if (p->kind == GD_POOL_AVERAGE)
        averages(at, C, y);
    else if (whole && p->kernel == 2 && argmax)
        maxima(two, 2, C, y, argmax);
    else if (whole && p->kernel == 2)
        maxima(two, 2, C, y, NULL);
    else
        maxima(at, p->kernel, C, y, argmax);
}

/* Rows of windows [begin, end), counted over images. */
static void forward(void *argument, int64_t begin, int64_t end)
{
    const gd_call *call = argument;
    const gd_pool2d_params *p = call->problem->params;
    const gd_pool2d_sizes z = gd_pool2d_sizes_of(call->problem);
    for (int64_t i = begin; i < end; i++) {
        const gd_pool2d_range rows = gd_pool2d_taps(z, i % z.P, z.H);
        const store_t *row =
            (const store_t *)call->at[POOL2D_X] + (i / z.P * z.H + i % z.P * z.stride - z.pad + rows.begin) * z.W * z.C;
        for (int64_t q = 0; q < z.Q; q++) {
            const gd_pool2d_range columns = gd_pool2d_taps(z, q, z.W);
            const int64_t first = (i * z.Q + q) * z.C;
            uint8_t *argmax = call->at[POOL2D_ARGMAX];
            window at = {row + (q * z.stride - z.pad + columns.begin) * z.C,
                         (int)rows.begin,
                         (int)rows.end,
                         (int)columns.begin,
                         (int)columns.end,
                         z.W * z.C,
                         z.C};
            pool(at, p, z.C, (store_t *)call->at[POOL2D_Y] + first, argmax ? argmax + first : NULL);
        }
    }
}

gd_status GD_NAME(gd_pool2d_fwd)(const gd_call *call, const gd_ctx *ctx)
{
    const gd_pool2d_sizes z = gd_pool2d_sizes_of(call->problem);
    gd_parallel_for(ctx->threads, z.N * z.P, 1 + PIECE / (z.Q * z.C), forward, (void *)call);
    return GD_OK;
}
