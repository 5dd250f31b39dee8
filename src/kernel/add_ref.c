// SPDX-License-Identifier: Apache-2.0
#include "kernel/add.h"
#include "kernel/variant.h"

gd_status GD_NAME(gd_add_fwd)(const gd_call *call, const gd_ctx *ctx)
{
    (void)ctx;
    const gd_add_params *p = call->problem->params;
    const store_t *a = call->at[ADD_A], *b = call->at[ADD_B];
    store_t *y = call->at[ADD_Y];
    int64_t count = gd_desc_count(call->problem->desc[ADD_Y]);
    for (int64_t i = 0; i < count; i++) {
        real sum = load(a[i]) + load(b[i]);
        y[i] = store(p->activation == GD_ACTIVATION_RELU && sum <= 0 ? 0 : sum);
    }
    return GD_OK;
}
