// SPDX-License-Identifier: Apache-2.0
/* What happens between the collectives, which are the communicator's. */
#include "block.cuh"
#include "comm/comm.h"
#include "kernel/bn_merge.h"

namespace
{

struct merge {
    float *stats, *own; /* (2,C), (C) */
    int64_t C;
    float images;
    const gd_record *record;

    __device__ float share() const { return images / (float)record->batch; }
};

struct scale_sums : merge {
    __device__ void operator()(int64_t i) const { stats[i] *= share(); }
};

struct scale_mean : merge {
    __device__ void operator()(int64_t c) const
    {
        own[c] = stats[c];
        stats[c] *= share();
    }
};

struct scale_variance : merge {
    __device__ void operator()(int64_t c) const
    {
        float apart = own[c] - stats[c];
        stats[C + c] = share() * (stats[C + c] + apart * apart);
    }
};

} // namespace

gd_status gd_bn_merge_update_simt(const gd_call *call, const gd_ctx *ctx)
{
    const gd_bn_merge_params *p = (const gd_bn_merge_params *)call->problem->params;
    const gd_comm *comm = ctx->comm;
    const merge m = {(float *)call->at[BN_MERGE_STATS], (float *)call->at[GD_WORK],
                     call->problem->desc[BN_MERGE_STATS].dim[2], (float)p->images, ctx->record};
    if (!comm)
        return GD_INTERNAL;
    if (p->sums) {
        GD_TRY(comm->all_reduce(comm, m.stats, 2 * m.C, GD_F32, ctx->stream));
        return gd_block_each(ctx, 2 * m.C, scale_sums{m});
    }
    GD_TRY(gd_block_each(ctx, m.C, scale_mean{m}));
    GD_TRY(comm->all_reduce(comm, m.stats, m.C, GD_F32, ctx->stream));
    GD_TRY(gd_block_each(ctx, m.C, scale_variance{m}));
    return comm->all_reduce(comm, m.stats + m.C, m.C, GD_F32, ctx->stream);
}
