// SPDX-License-Identifier: Apache-2.0
#include "kernel/average.h"
#include "kernel/variant.h"

gd_status GD_NAME(gd_average_update)(const gd_call *call, const gd_ctx *ctx)
{
    if (ctx->tally->skip)
        return GD_OK;
    const real *w = call->at[AVERAGE_W], decay = ctx->record->average_decay;
    real *average = call->at[AVERAGE_AVERAGE];
    for (int64_t i = 0; i < gd_desc_count(call->problem->desc[AVERAGE_AVERAGE]); i++)
        average[i] = decay * average[i] + (1 - decay) * w[i];
    return GD_OK;
}
