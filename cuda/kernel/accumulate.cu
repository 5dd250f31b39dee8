// SPDX-License-Identifier: Apache-2.0
#include "kernel/accumulate.h"
#include "range.cuh"

namespace
{

struct step {
    float *sum;
    const float *dw;
    const gd_record *record;

    struct now {
        bool first;
        float micros;
    };
    __device__ bool skips() const { return false; }
    __device__ now begin() const { return now{record->micro == 0, (float)record->micros}; }
    __device__ void take(int64_t i, now at) const { sum[i] = (at.first ? 0 : sum[i]) + dw[i] / at.micros; }
};

} // namespace

gd_status gd_accumulate_update_simt(const gd_call *call, const gd_ctx *ctx)
{
    const step op = {(float *)call->at[ACCUMULATE_SUM], (const float *)call->at[ACCUMULATE_DW], ctx->record};
    return gd_range_run(ctx, 0, gd_desc_count(call->problem->desc[ACCUMULATE_SUM]), op);
}
