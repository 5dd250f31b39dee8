// SPDX-License-Identifier: Apache-2.0
#include "comm/comm.h"
#include "kernel/all_reduce.h"

gd_status gd_all_reduce_update_comm(const gd_call *call, const gd_ctx *ctx)
{
    const gd_comm *comm = ctx->comm;
    const gd_desc desc = call->problem->desc[ALL_REDUCE_DW];
    const int64_t count = gd_desc_count(desc);
    if (!comm)
        return GD_INTERNAL;
    GD_TRY(comm->all_reduce(comm, call->at[ALL_REDUCE_DW], count, desc.type, ctx->stream));
    if (comm->ranks == 1)
        return GD_OK;
    if (desc.type == GD_F64) {
        double *dw = call->at[ALL_REDUCE_DW];
        for (int64_t i = 0; i < count; i++)
            dw[i] /= comm->ranks;
    } else {
        float *dw = call->at[ALL_REDUCE_DW];
        for (int64_t i = 0; i < count; i++)
            dw[i] /= (float)comm->ranks;
    }
    return GD_OK;
}
