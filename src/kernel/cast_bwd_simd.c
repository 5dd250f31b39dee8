// SPDX-License-Identifier: Apache-2.0
/* Variant f32 narrows its gradient to bf16 or f16, the other ones widen theirs to f32. */
#include "base/parallel.h"
#include "kernel/cast.h"
#include "kernel/variant.h"

enum { GRAIN = 32768 };

static void backward(void *argument, int64_t begin, int64_t end)
{
    const gd_call *call = argument;
#if defined(GD_STORE_BF16) || defined(GD_STORE_F16)
    const store_t *dy = call->at[CAST_DY];
    float *dx = call->at[CAST_DX];
    for (int64_t i = begin; i < end; i++)
        dx[i] = load(dy[i]);
#else
    const float *dy = call->at[CAST_DY];
    uint16_t *dx = call->at[CAST_DX];
    if (call->problem->desc[CAST_X].type == GD_F16) {
        for (int64_t i = begin; i < end; i++)
            dx[i] = gd_f32_to_f16(dy[i]);
    } else {
        for (int64_t i = begin; i < end; i++)
            dx[i] = gd_f32_to_bf16(dy[i]);
    }
#endif
}

gd_status GD_NAME(gd_cast_bwd_data)(const gd_call *call, const gd_ctx *ctx)
{
    gd_parallel_for(ctx->threads, gd_desc_count(call->problem->desc[CAST_X]), GRAIN, backward, (void *)call);
    return GD_OK;
}
