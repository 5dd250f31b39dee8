// SPDX-License-Identifier: Apache-2.0
#include "comm/comm.h"
#include "kernel/all_reduce.h"

gd_status gd_all_reduce_update_comm(const gd_call *call, const gd_ctx *ctx)
{
    const gd_comm *comm = ctx->comm;
    const gd_desc desc = call->problem->desc[ALL_REDUCE_DW];
    return comm ? comm->all_reduce(comm, call->at[ALL_REDUCE_DW], gd_desc_count(desc), desc.type, ctx->stream)
                : GD_INTERNAL;
}
