// SPDX-License-Identifier: Apache-2.0
#include "kernel/vote.h"
#include "launch.cuh"

namespace
{

__global__ void cast_kernel(float *votes, const gd_record *record) { *votes = (float)record->stop; }

__global__ void count_kernel(const float *votes, gd_tally *tally) { tally->stop = *votes > 0; }

} // namespace

gd_status gd_vote_fwd_simt(const gd_call *call, const gd_ctx *ctx)
{
    return gd_launched(GD_LAUNCH(cast_kernel, 1, 1, 0, gd_stream_of(ctx), (float *)call->at[VOTE_VOTES], ctx->record));
}

gd_status gd_vote_update_simt(const gd_call *call, const gd_ctx *ctx)
{
    return gd_launched(
        GD_LAUNCH(count_kernel, 1, 1, 0, gd_stream_of(ctx), (const float *)call->at[VOTE_VOTES], ctx->tally));
}
