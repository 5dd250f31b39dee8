// SPDX-License-Identifier: Apache-2.0
#include "comm/comm.h"
#include "kernel/bn_merge.h"
#include "kernel/variant.h"

#include <string.h>

gd_status GD_NAME(gd_bn_merge_update)(const gd_call *call, const gd_ctx *ctx)
{
    const gd_bn_merge_params *p = call->problem->params;
    const gd_desc desc = call->problem->desc[BN_MERGE_STATS];
    const int64_t C = desc.dim[2];
    const gd_comm *comm = ctx->comm;
    const real share = (real)p->images / (real)ctx->record->batch;
    real *mean = call->at[BN_MERGE_STATS], *variance = mean + C, *own = call->at[GD_WORK];
    if (!comm)
        return GD_INTERNAL;
    if (p->sums) {
        GD_TRY(comm->all_reduce(comm, mean, 2 * C, desc.type, ctx->stream));
        for (int64_t i = 0; i < 2 * C; i++)
            mean[i] *= share;
        return GD_OK;
    }
    memcpy(own, mean, sizeof *own * (size_t)C);
    for (int64_t c = 0; c < C; c++)
        mean[c] *= share;
    GD_TRY(comm->all_reduce(comm, mean, C, desc.type, ctx->stream));
    for (int64_t c = 0; c < C; c++)
        variance[c] = share * (variance[c] + (own[c] - mean[c]) * (own[c] - mean[c]));
    return comm->all_reduce(comm, variance, C, desc.type, ctx->stream);
}
