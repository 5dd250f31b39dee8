// SPDX-License-Identifier: Apache-2.0
#include "base/parallel.h"
#include "kernel/add.h"
#include "kernel/variant.h"

enum { GRAIN = 32768 };

static void forward(void *argument, int64_t begin, int64_t end)
{
    const gd_call *call = argument;
    const store_t *a = call->at[ADD_A], *b = call->at[ADD_B];
    store_t *y = call->at[ADD_Y];
    for (int64_t i = begin; i < end; i++)
        y[i] = store(load(a[i]) + load(b[i]));
}

static void forward_relu(void *argument, int64_t begin, int64_t end)
{
    const gd_call *call = argument;
    const store_t *a = call->at[ADD_A], *b = call->at[ADD_B];
    store_t *y = call->at[ADD_Y];
    for (int64_t i = begin; i < end; i++) {
        real sum = load(a[i]) + load(b[i]);
        y[i] = store(sum <= 0 ? 0 : sum);
    }
}

gd_status GD_NAME(gd_add_fwd)(const gd_call *call, const gd_ctx *ctx)
{
    const gd_add_params *p = call->problem->params;
    gd_parallel_for(ctx->threads, gd_desc_count(call->problem->desc[ADD_Y]), GRAIN,
                    p->activation == GD_ACTIVATION_RELU ? forward_relu : forward, (void *)call);
    return GD_OK;
}
