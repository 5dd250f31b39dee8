// SPDX-License-Identifier: Apache-2.0
#include "kernel/hard_swish.h"
#include "kernel/variant.h"

gd_status GD_NAME(gd_hard_swish_fwd)(const gd_call *call, const gd_ctx *ctx)
{
    (void)ctx;
    const store_t *x = call->at[HARD_SWISH_X];
    store_t *y = call->at[HARD_SWISH_Y];
    int64_t count = gd_desc_count(call->problem->desc[HARD_SWISH_X]);
    for (int64_t i = 0; i < count; i++) {
        real v = load(x[i]), gate = v + 3;
        gate = gate < 0 ? 0 : gate > 6 ? 6 : gate;
        y[i] = store(v * gate / 6);
    }
    return GD_OK;
}
