// SPDX-License-Identifier: Apache-2.0
/* Variant f32 widens bf16 and f16, the other ones narrow f32. */
#include "base/parallel.h"
#include "kernel/cast.h"
#include "kernel/variant.h"

enum { GRAIN = 32768 };

static void forward(void *argument, int64_t begin, int64_t end)
{
    const gd_call *call = argument;
#if defined(GD_STORE_BF16) || defined(GD_STORE_F16)
    const float *x = call->at[CAST_X];
    store_t *y = call->at[CAST_Y];
    for (int64_t i = begin; i < end; i++)
        y[i] = store(x[i]);
#else
    const uint16_t *x = call->at[CAST_X];
    float *y = call->at[CAST_Y];
    if (call->problem->desc[CAST_X].type == GD_F16) {
        for (int64_t i = begin; i < end; i++)
            y[i] = gd_f16_to_f32(x[i]);
    } else {
        for (int64_t i = begin; i < end; i++)
            y[i] = gd_bf16_to_f32(x[i]);
    }
#endif
}

gd_status GD_NAME(gd_cast_fwd)(const gd_call *call, const gd_ctx *ctx)
{
    gd_parallel_for(ctx->threads, gd_desc_count(call->problem->desc[CAST_X]), GRAIN, forward, (void *)call);
    return GD_OK;
}
