// SPDX-License-Identifier: Apache-2.0
#include "base/parallel.h"
#include "kernel/mul.h"
#include "kernel/variant.h"

static void forward(void *argument, int64_t begin, int64_t end)
{
    const gd_call *call = argument;
    const gd_mul_sizes z = gd_mul_sizes_of(call->problem);
    for (int64_t row = begin; row < end; row++) {
        const store_t *x = (const store_t *)call->at[MUL_X] + row * z.C;
        const store_t *g = (const store_t *)call->at[MUL_G] + row / z.pixels * z.C;
        store_t *y = (store_t *)call->at[MUL_Y] + row * z.C;
        for (int64_t c = 0; c < z.C; c++)
            y[c] = store(load(x[c]) * load(g[c]));
    }
}

gd_status GD_NAME(gd_mul_fwd)(const gd_call *call, const gd_ctx *ctx)
{
    const gd_mul_sizes z = gd_mul_sizes_of(call->problem);
    gd_parallel_for(ctx->threads, z.images * z.pixels, 32768 / z.C + 1, forward, (void *)call);
    return GD_OK;
}
