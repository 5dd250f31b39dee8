// SPDX-License-Identifier: Apache-2.0
#include "block.cuh"
#include "kernel/accumulate.h"

namespace
{

struct update {
    float *sum;
    const float *dw;
    const gd_record *record;

    __device__ void operator()(int64_t i) const
    {
        sum[i] = (record->micro == 0 ? 0.0f : sum[i]) + dw[i] / (float)record->micros;
    }
};

} // namespace

gd_status gd_accumulate_update_simt(const gd_call *call, const gd_ctx *ctx)
{
    const update f = {(float *)call->at[ACCUMULATE_SUM], (const float *)call->at[ACCUMULATE_DW], ctx->record};
    return gd_block_each(ctx, gd_desc_count(call->problem->desc[ACCUMULATE_SUM]), f);
}
