// SPDX-License-Identifier: Apache-2.0
#include "kernel/grad_norm.h"
#include "kernel/variant.h"

gd_status GD_NAME(gd_grad_norm_update)(const gd_call *call, const gd_ctx *ctx)
{
    const real *dw = call->at[GRAD_NORM_DW];
    double sum = 0;
    for (int64_t i = 0; i < gd_desc_count(call->problem->desc[GRAD_NORM_DW]); i++)
        sum += (double)dw[i] * (double)dw[i];
    gd_grad_norm_decide(call->problem->params, sum, ctx->tally);
    return GD_OK;
}
