// SPDX-License-Identifier: Apache-2.0
/* The collective is the communicator's; the mean is taken here. */
#include "block.cuh"
#include "comm/comm.h"
#include "kernel/all_reduce.h"

namespace
{

struct divide {
    float *dw;
    float ranks;
    __device__ void operator()(int64_t i) const { dw[i] /= ranks; }
};

} // namespace

gd_status gd_all_reduce_update_device(const gd_call *call, const gd_ctx *ctx)
{
    const gd_comm *comm = ctx->comm;
    const gd_desc desc = call->problem->desc[ALL_REDUCE_DW];
    if (!comm)
        return GD_INTERNAL;
    GD_TRY(comm->all_reduce(comm, call->at[ALL_REDUCE_DW], gd_desc_count(desc), desc.type, ctx->stream));
    return comm->ranks == 1
               ? GD_OK
               : gd_block_each(ctx, gd_desc_count(desc), divide{(float *)call->at[ALL_REDUCE_DW], (float)comm->ranks});
}
