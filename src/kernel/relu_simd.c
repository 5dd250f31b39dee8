// SPDX-License-Identifier: Apache-2.0
#include "base/parallel.h"
#include "kernel/relu.h"
#include "kernel/variant.h"

enum { GRAIN = 32768 };

static void forward(void *argument, int64_t begin, int64_t end)
{
    const gd_call *call = argument;
    const store_t *x = call->at[RELU_X];
    store_t *y = call->at[RELU_Y];
    for (int64_t i = begin; i < end; i++)
        y[i] = load(x[i]) <= 0 ? store(0) : x[i];
}

gd_status GD_NAME(gd_relu_fwd)(const gd_call *call, const gd_ctx *ctx)
{
    gd_parallel_for(ctx->threads, gd_desc_count(call->problem->desc[RELU_X]), GRAIN, forward, (void *)call);
    return GD_OK;
}
