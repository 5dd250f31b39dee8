// SPDX-License-Identifier: Apache-2.0
#include "base/parallel.h"
#include "kernel/global_pool.h"
#include "kernel/variant.h"

enum { BLOCK = 64 }; /* channels at once */

/* `count` channels of one image, from x on; sums of each row first, so that rounding grows with H + W. */
static void average(const store_t *restrict x, int64_t H, int64_t W, int64_t C, int count, store_t *restrict y)
{
    real sum[BLOCK] = {0};
    for (int64_t h = 0; h < H; h++) {
        real row[BLOCK] = {0};
        for (int64_t w = 0; w < W; w++, x += C) {
            for (int c = 0; c < count; c++)
                row[c] += load(x[c]);
        }
        for (int c = 0; c < count; c++)
            sum[c] += row[c];
    }
    for (int c = 0; c < count; c++)
        y[c] = store(sum[c] / (real)(H * W));
}

static void maximum(const store_t *restrict x, int64_t pixels, int64_t C, int count, store_t *restrict y,
                    int32_t *restrict argmax)
{
    real best[BLOCK];
    int32_t position[BLOCK];
    for (int c = 0; c < count; c++) {
        best[c] = load(x[c]);
        position[c] = 0;
    }
    for (int64_t pixel = 0; pixel < pixels; pixel++, x += C) {
        for (int c = 0; c < count; c++) {
            real v = load(x[c]);
            int replaces = GD_POOL_REPLACES(v, best[c]);
            best[c] = replaces ? v : best[c];
            position[c] = replaces ? (int32_t)pixel : position[c];
        }
    }
    for (int c = 0; c < count; c++)
        y[c] = store(best[c]);
    for (int c = 0; argmax && c < count; c++)
        argmax[c] = position[c];
}

/* Images [begin, end). */
static void forward(void *argument, int64_t begin, int64_t end)
{
    const gd_call *call = argument;
    const gd_global_pool_params *p = call->problem->params;
    const int64_t *dim = call->problem->desc[GLOBAL_POOL_X].dim, H = dim[1], W = dim[2], C = dim[3];
    int32_t *argmax = call->at[GLOBAL_POOL_ARGMAX];
    for (int64_t n = begin; n < end; n++) {
        const store_t *x = (const store_t *)call->at[GLOBAL_POOL_X] + n * H * W * C;
        store_t *y = (store_t *)call->at[GLOBAL_POOL_Y] + n * C;
        for (int64_t c = 0; c < C; c += BLOCK) {
            int count = C - c < BLOCK ? (int)(C - c) : BLOCK;
            if (p->kind == GD_POOL_AVERAGE)
                average(x + c, H, W, C, count, y + c);
            else
                maximum(x + c, H * W, C, count, y + c, argmax ? argmax + n * C + c : NULL);
        }
    }
}

gd_status GD_NAME(gd_global_pool_fwd)(const gd_call *call, const gd_ctx *ctx)
{
    gd_parallel_for(ctx->threads, call->problem->desc[GLOBAL_POOL_X].dim[0], 1, forward, (void *)call);
    return GD_OK;
}
