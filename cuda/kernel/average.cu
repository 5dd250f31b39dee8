// SPDX-License-Identifier: Apache-2.0
#include "kernel/average.h"
#include "range.cuh"

namespace
{

struct step {
    float *average;
    const float *w;
    const gd_record *record;
    const gd_tally *tally;

    struct now {
        float decay;
    };
    __device__ bool skips() const { return tally->skip; }
    __device__ now begin() const { return now{record->average_decay}; }
    __device__ void take(int64_t i, now at) const { average[i] = at.decay * average[i] + (1 - at.decay) * w[i]; }
};

} // namespace

gd_status gd_average_update_simt(const gd_call *call, const gd_ctx *ctx)
{
    const step op = {(float *)call->at[AVERAGE_AVERAGE], (const float *)call->at[AVERAGE_W], ctx->record, ctx->tally};
    return gd_range_run(ctx, 0, gd_desc_count(call->problem->desc[AVERAGE_AVERAGE]), op);
}
