// SPDX-License-Identifier: Apache-2.0
#include "base/parallel.h"
#include "kernel/average.h"
#include "kernel/variant.h"

enum { GRAIN = 32768 };

typedef struct average_run {
    const gd_call *call;
    real decay;
} average_run;

static void mix(real *restrict average, const real *restrict w, real decay, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        average[i] = decay * average[i] + (1 - decay) * w[i];
}

static void piece(void *argument, int64_t begin, int64_t end)
{
    const average_run *run = argument;
    mix((real *)run->call->at[AVERAGE_AVERAGE] + begin, (const real *)run->call->at[AVERAGE_W] + begin, run->decay,
        end - begin);
}

gd_status GD_NAME(gd_average_update)(const gd_call *call, const gd_ctx *ctx)
{
    if (ctx->tally->skip)
        return GD_OK;
    average_run run = {call, ctx->record->average_decay};
    gd_parallel_for(ctx->threads, gd_desc_count(call->problem->desc[AVERAGE_AVERAGE]), GRAIN, piece, &run);
    return GD_OK;
}
