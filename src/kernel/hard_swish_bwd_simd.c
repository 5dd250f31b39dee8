// SPDX-License-Identifier: Apache-2.0
#include "base/parallel.h"
#include "kernel/hard_swish.h"
#include "kernel/variant.h"

enum { GRAIN = 32768 };

static void backward(void *argument, int64_t begin, int64_t end)
{
    const gd_call *call = argument;
    const store_t *x = call->at[HARD_SWISH_X], *dy = call->at[HARD_SWISH_DY];
    store_t *dx = call->at[HARD_SWISH_DX];
    for (int64_t i = begin; i < end; i++) {
        real v = load(x[i]), slope = (2 * v + 3) * ((real)1 / 6);
        slope = v <= -3 ? 0 : slope;
        slope = v >= 3 ? 1 : slope;
        dx[i] = store(load(dy[i]) * slope);
    }
}

gd_status GD_NAME(gd_hard_swish_bwd_data)(const gd_call *call, const gd_ctx *ctx)
{
    gd_parallel_for(ctx->threads, gd_desc_count(call->problem->desc[HARD_SWISH_X]), GRAIN, backward, (void *)call);
    return GD_OK;
}
