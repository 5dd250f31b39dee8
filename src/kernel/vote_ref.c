// SPDX-License-Identifier: Apache-2.0
#include "kernel/variant.h"
#include "kernel/vote.h"

gd_status GD_NAME(gd_vote_fwd)(const gd_call *call, const gd_ctx *ctx)
{
    *(real *)call->at[VOTE_VOTES] = (real)ctx->record->stop;
    return GD_OK;
}

gd_status GD_NAME(gd_vote_update)(const gd_call *call, const gd_ctx *ctx)
{
    ctx->tally->stop = *(const real *)call->at[VOTE_VOTES] > 0;
    return GD_OK;
}
