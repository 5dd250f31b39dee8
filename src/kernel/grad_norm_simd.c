// SPDX-License-Identifier: Apache-2.0
#include "base/parallel.h"
#include "kernel/grad_norm.h"
#include "kernel/variant.h"

static void piece(void *argument, int64_t begin, int64_t end)
{
    const gd_call *call = argument;
    const real *dw = call->at[GRAD_NORM_DW];
    double sum = 0;
    for (int64_t i = begin; i < end; i++)
        sum += (double)dw[i] * (double)dw[i];
    ((double *)call->at[GD_WORK])[begin / GD_GRAD_NORM_GRAIN] = sum;
}

gd_status GD_NAME(gd_grad_norm_update)(const gd_call *call, const gd_ctx *ctx)
{
    const int64_t count = gd_desc_count(call->problem->desc[GRAD_NORM_DW]);
    gd_parallel_for(ctx->threads, count, GD_GRAD_NORM_GRAIN, piece, (void *)call);
    double sum = 0;
    for (int64_t i = 0; i * GD_GRAD_NORM_GRAIN < count; i++)
        sum += ((const double *)call->at[GD_WORK])[i];
    gd_grad_norm_decide(call->problem->params, sum, ctx->tally);
    return GD_OK;
}
