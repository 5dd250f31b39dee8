// SPDX-License-Identifier: Apache-2.0
/* Vectors over channels; one piece of work is some rows of windows. Windows of 2x2 and 3x3 inside the image keep their
 * result in registers; all others go tap by tap over a block of channels. */
#include "base/parallel.h"
#include "kernel/pool2d.h"
#include "kernel/variant.h"

#define INLINED static inline __attribute__((always_inline))

enum { BLOCK = 64, PIECE = 32768 }; /* channels at once; elements of y in a piece, about */

/* One window: `x` at its first pixel inside the image, whose taps are [r0, r1) x [s0, s1). */
typedef struct window {
    const store_t *x;
    int r0, r1, s0, s1;
    int64_t row; /* elements from one row of x to the next */
} window;

INLINED void max_whole(window at, int64_t C, const int kernel, store_t *restrict y, uint8_t *restrict argmax)
{
    for (int64_t c = 0; c < C; c++) {
        real best = load(at.x[c]);
        int position = 0;
        for (int i = 1; i < kernel * kernel; i++) {
            real v = load(at.x[i / kernel * at.row + i % kernel * C + c]);
            int replaces = GD_POOL_REPLACES(v, best);
            best = replaces ? v : best;
            position = replaces ? i : position;
        }
        y[c] = store(best);
        if (argmax)
            argmax[c] = (uint8_t)position;
    }
}

static void max_any(window at, int64_t C, int kernel, store_t *restrict y, uint8_t *restrict argmax)
{
    real best[BLOCK];
    int position[BLOCK];
    for (int64_t c0 = 0; c0 < C; c0 += BLOCK) {
        const int n = C - c0 < BLOCK ? (int)(C - c0) : BLOCK;
        for (int c = 0; c < n; c++) {
            best[c] = load(at.x[c0 + c]);
            position[c] = at.r0 * kernel + at.s0;
        }
        for (int r = at.r0; r < at.r1; r++) {
            for (int s = at.s0; s < at.s1; s++) {
                const store_t *x = at.x + (r - at.r0) * at.row + (s - at.s0) * C + c0;
                for (int c = 0; c < n; c++) {
                    real v = load(x[c]);
                    int replaces = GD_POOL_REPLACES(v, best[c]);
                    best[c] = replaces ? v : best[c];
                    position[c] = replaces ? r * kernel + s : position[c];
                }
            }
        }
        for (int c = 0; c < n; c++)
            y[c0 + c] = store(best[c]);
        for (int c = 0; argmax && c < n; c++)
            argmax[c0 + c] = (uint8_t)position[c];
    }
}

static void average_any(window at, int64_t C, store_t *restrict y)
{
    real sum[BLOCK];
    const real pixels = (real)((at.r1 - at.r0) * (at.s1 - at.s0));
    for (int64_t c0 = 0; c0 < C; c0 += BLOCK) {
        const int n = C - c0 < BLOCK ? (int)(C - c0) : BLOCK;
        for (int c = 0; c < n; c++)
            sum[c] = 0;
        for (int r = 0; r < at.r1 - at.r0; r++) {
            for (int s = 0; s < at.s1 - at.s0; s++) {
                const store_t *x = at.x + r * at.row + s * C + c0;
                for (int c = 0; c < n; c++)
                    sum[c] += load(x[c]);
            }
        }
        for (int c = 0; c < n; c++)
            y[c0 + c] = store(sum[c] / pixels);
    }
}

static void pool(window at, const gd_pool2d_params *p, int64_t C, store_t *restrict y, uint8_t *restrict argmax)
{
    bool whole = at.r1 - at.r0 == p->kernel && at.s1 - at.s0 == p->kernel;
    if (p->kind == GD_POOL_AVERAGE)
        average_any(at, C, y);
    else if (whole && p->kernel == 2 && argmax)
        max_whole(at, C, 2, y, argmax);
    else if (whole && p->kernel == 2)
        max_whole(at, C, 2, y, NULL);
    else if (whole && p->kernel == 3 && argmax)
        max_whole(at, C, 3, y, argmax);
    else if (whole && p->kernel == 3)
        max_whole(at, C, 3, y, NULL);
    else
        max_any(at, C, p->kernel, y, argmax);
}

/* Rows of windows [begin, end), counted over images. */
static void forward(void *argument, int64_t begin, int64_t end)
{
    const gd_call *call = argument;
    const gd_pool2d_params *p = call->problem->params;
    const gd_pool2d_sizes z = gd_pool2d_sizes_of(call->problem);
    store_t *y = (store_t *)call->at[POOL2D_Y] + begin * z.Q * z.C;
    uint8_t *argmax = call->at[POOL2D_ARGMAX];
    if (argmax)
        argmax += begin * z.Q * z.C;
    for (int64_t i = begin; i < end; i++) {
        gd_pool2d_range rows = gd_pool2d_taps(z, i % z.P, z.H);
        const store_t *row =
            (const store_t *)call->at[POOL2D_X] + (i / z.P * z.H + i % z.P * z.stride - z.pad + rows.begin) * z.W * z.C;
        for (int64_t q = 0; q < z.Q; q++, y += z.C) {
            gd_pool2d_range columns = gd_pool2d_taps(z, q, z.W);
            window at = {row + (q * z.stride - z.pad + columns.begin) * z.C,
                         (int)rows.begin,
                         (int)rows.end,
                         (int)columns.begin,
                         (int)columns.end,
                         z.W * z.C};
            pool(at, p, z.C, y, argmax);
            if (argmax)
                argmax += z.C;
        }
    }
}

gd_status GD_NAME(gd_pool2d_fwd)(const gd_call *call, const gd_ctx *ctx)
{
    const gd_pool2d_sizes z = gd_pool2d_sizes_of(call->problem);
    gd_parallel_for(ctx->threads, z.N * z.P, 1 + PIECE / (z.Q * z.C), forward, (void *)call);
    return GD_OK;
}
