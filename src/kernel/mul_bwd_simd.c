// SPDX-License-Identifier: Apache-2.0
/* An image at a time, in strips of channels whose sums stay in registers over all its pixels. */
#include "base/parallel.h"
#include "kernel/mul.h"
#include "kernel/variant.h"

enum { STRIP = 64 };

static void backward_strip(const gd_call *call, gd_mul_sizes z, int64_t n, int64_t first, int64_t width)
{
    const store_t *x = (const store_t *)call->at[MUL_X] + n * z.pixels * z.C + first;
    const store_t *dy = (const store_t *)call->at[MUL_DY] + n * z.pixels * z.C + first;
    const store_t *g = (const store_t *)call->at[MUL_G] + n * z.C + first;
    store_t *dx = call->at[MUL_DX], *dg = call->at[MUL_DG];
    real sum[STRIP] = {0};
    for (int64_t p = 0; p < z.pixels; p++) {
        for (int64_t c = 0; c < width && dg; c++)
            sum[c] += load(dy[p * z.C + c]) * load(x[p * z.C + c]);
        for (int64_t c = 0; c < width && dx; c++)
            dx[(n * z.pixels + p) * z.C + first + c] = store(load(dy[p * z.C + c]) * load(g[c]));
    }
    for (int64_t c = 0; c < width && dg; c++)
        dg[n * z.C + first + c] = store(sum[c]);
}

static void backward(void *argument, int64_t begin, int64_t end)
{
    const gd_call *call = argument;
    const gd_mul_sizes z = gd_mul_sizes_of(call->problem);
    for (int64_t n = begin; n < end; n++) {
        for (int64_t first = 0; first < z.C; first += STRIP)
            backward_strip(call, z, n, first, z.C - first < STRIP ? z.C - first : STRIP);
    }
}

gd_status GD_NAME(gd_mul_bwd_data)(const gd_call *call, const gd_ctx *ctx)
{
    const gd_mul_sizes z = gd_mul_sizes_of(call->problem);
    gd_parallel_for(ctx->threads, z.images, 32768 / (z.pixels * z.C) + 1, backward, (void *)call);
    return GD_OK;
}
