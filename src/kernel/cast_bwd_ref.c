// SPDX-License-Identifier: Apache-2.0
#include "kernel/cast.h"
#include "kernel/variant.h"

gd_status GD_NAME(gd_cast_bwd_data)(const gd_call *call, const gd_ctx *ctx)
{
    (void)ctx;
    const gd_desc x = call->problem->desc[CAST_X], y = call->problem->desc[CAST_Y];
    gd_convert(call->at[CAST_DX], x.type, call->at[CAST_DY], y.type, gd_desc_count(x));
    return GD_OK;
}
