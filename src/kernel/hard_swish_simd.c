// SPDX-License-Identifier: Apache-2.0
#include "base/parallel.h"
#include "kernel/hard_swish.h"
#include "kernel/variant.h"

enum { GRAIN = 32768 };

static void forward(void *argument, int64_t begin, int64_t end)
{
    const gd_call *call = argument;
    const store_t *x = call->at[HARD_SWISH_X];
    store_t *y = call->at[HARD_SWISH_Y];
    for (int64_t i = begin; i < end; i++) {
        real v = load(x[i]), gate = v + 3;
        gate = gate < 0 ? 0 : gate;
        gate = gate > 6 ? 6 : gate;
        y[i] = store(v * gate * ((real)1 / 6));
    }
}

gd_status GD_NAME(gd_hard_swish_fwd)(const gd_call *call, const gd_ctx *ctx)
{
    gd_parallel_for(ctx->threads, gd_desc_count(call->problem->desc[HARD_SWISH_X]), GRAIN, forward, (void *)call);
    return GD_OK;
}
