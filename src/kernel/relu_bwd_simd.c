// SPDX-License-Identifier: Apache-2.0
#include "base/parallel.h"
#include "kernel/relu.h"
#include "kernel/variant.h"

enum { GRAIN = 32768 };

static void backward(void *argument, int64_t begin, int64_t end)
{
    const gd_call *call = argument;
    const store_t *y = call->at[RELU_Y], *dy = call->at[RELU_DY];
    store_t *dx = call->at[RELU_DX];
    for (int64_t i = begin; i < end; i++)
        dx[i] = keep(dy[i], load(y[i]) > 0);
}

gd_status GD_NAME(gd_relu_bwd_data)(const gd_call *call, const gd_ctx *ctx)
{
    gd_parallel_for(ctx->threads, gd_desc_count(call->problem->desc[RELU_X]), GRAIN, backward, (void *)call);
    return GD_OK;
}
