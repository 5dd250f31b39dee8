// SPDX-License-Identifier: Apache-2.0
#include "kernel/dropout_lanes.h"

gd_status GD_NAME(gd_dropout_fwd)(const gd_call *call, const gd_ctx *ctx)
{
    return drop_all(call, ctx, call->at[DROPOUT_X], call->at[DROPOUT_Y]);
}
