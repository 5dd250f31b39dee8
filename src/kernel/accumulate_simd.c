// SPDX-License-Identifier: Apache-2.0
#include "base/parallel.h"
#include "kernel/accumulate.h"
#include "kernel/variant.h"

enum { GRAIN = 32768 };

typedef struct accumulate_run {
    const gd_call *call;
    real share;
    bool first;
} accumulate_run;

static void begin_sum(real *restrict sum, const real *restrict dw, real share, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        sum[i] = dw[i] * share;
}

static void add(real *restrict sum, const real *restrict dw, real share, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        sum[i] += dw[i] * share;
}

static void piece(void *argument, int64_t begin, int64_t end)
{
    const accumulate_run *run = argument;
    const real *dw = run->call->at[ACCUMULATE_DW];
    real *sum = run->call->at[ACCUMULATE_SUM];
    (run->first ? begin_sum : add)(sum + begin, dw + begin, run->share, end - begin);
}

gd_status GD_NAME(gd_accumulate_update)(const gd_call *call, const gd_ctx *ctx)
{
    accumulate_run run = {call, 1 / (real)ctx->record->micros, ctx->record->micro == 0};
    gd_parallel_for(ctx->threads, gd_desc_count(call->problem->desc[ACCUMULATE_SUM]), GRAIN, piece, &run);
    return GD_OK;
}
