// SPDX-License-Identifier: Apache-2.0
#include "kernel/hard_swish.h"
#include "kernel/variant.h"

gd_status GD_NAME(gd_hard_swish_bwd_data)(const gd_call *call, const gd_ctx *ctx)
{
    (void)ctx;
    const store_t *x = call->at[HARD_SWISH_X], *dy = call->at[HARD_SWISH_DY];
    store_t *dx = call->at[HARD_SWISH_DX];
    int64_t count = gd_desc_count(call->problem->desc[HARD_SWISH_X]);
    for (int64_t i = 0; i < count; i++) {
        real v = load(x[i]), slope = (2 * v + 3) / 6;
        slope = v <= -3 ? 0 : v >= 3 ? 1 : slope;
        dx[i] = store(load(dy[i]) * slope);
    }
    return GD_OK;
}
