// SPDX-License-Identifier: Apache-2.0
#include "block.cuh"
#include "kernel/average.h"

namespace
{

struct update {
    float *average;
    const float *w;
    const gd_tally *tally;
    const gd_record *record;

    __device__ void operator()(int64_t i) const
    {
        float decay = record->average_decay;
        if (!tally->skip)
            average[i] = decay * average[i] + (1 - decay) * w[i];
    }
};

} // namespace

gd_status gd_average_update_simt(const gd_call *call, const gd_ctx *ctx)
{
    const update f = {(float *)call->at[AVERAGE_AVERAGE], (const float *)call->at[AVERAGE_W], ctx->tally, ctx->record};
    return gd_block_each(ctx, gd_desc_count(call->problem->desc[AVERAGE_AVERAGE]), f);
}
