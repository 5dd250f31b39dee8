// SPDX-License-Identifier: Apache-2.0
#include "kernel/accumulate.h"
#include "kernel/variant.h"

gd_status GD_NAME(gd_accumulate_update)(const gd_call *call, const gd_ctx *ctx)
{
    const real *dw = call->at[ACCUMULATE_DW], micros = (real)ctx->record->micros;
    real *sum = call->at[ACCUMULATE_SUM];
    for (int64_t i = 0; i < gd_desc_count(call->problem->desc[ACCUMULATE_SUM]); i++)
        sum[i] = (ctx->record->micro == 0 ? 0 : sum[i]) + dw[i] / micros;
    return GD_OK;
}
