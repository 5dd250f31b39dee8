// SPDX-License-Identifier: Apache-2.0
#include "base/parallel.h"
#include "kernel/global_pool.h"
#include "kernel/variant.h"

static void spread(const store_t *restrict dy, int64_t pixels, int64_t C, store_t *restrict dx)
{
    const real share = 1 / (real)pixels;
    for (int64_t pixel = 0; pixel < pixels; pixel++, dx += C) {
        for (int64_t c = 0; c < C; c++)
            dx[c] = store(load(dy[c]) * share);
    }
}

static void put(const store_t *restrict dy, const int32_t *restrict argmax, int64_t pixels, int64_t C,
                store_t *restrict dx)
{
    for (int64_t pixel = 0; pixel < pixels; pixel++, dx += C) {
        for (int64_t c = 0; c < C; c++)
            dx[c] = keep(dy[c], argmax[c] == (int32_t)pixel);
    }
}

/* Images [begin, end). */
static void backward(void *argument, int64_t begin, int64_t end)
{
    const gd_call *call = argument;
    const int64_t *dim = call->problem->desc[GLOBAL_POOL_X].dim, pixels = dim[1] * dim[2], C = dim[3];
    const int32_t *argmax = call->at[GLOBAL_POOL_ARGMAX];
    for (int64_t n = begin; n < end; n++) {
        const store_t *dy = (const store_t *)call->at[GLOBAL_POOL_DY] + n * C;
        store_t *dx = (store_t *)call->at[GLOBAL_POOL_DX] + n * pixels * C;
        if (argmax)
            put(dy, argmax + n * C, pixels, C, dx);
        else
            spread(dy, pixels, C, dx);
    }
}

gd_status GD_NAME(gd_global_pool_bwd_data)(const gd_call *call, const gd_ctx *ctx)
{
    gd_parallel_for(ctx->threads, call->problem->desc[GLOBAL_POOL_X].dim[0], 1, backward, (void *)call);
    return GD_OK;
}
