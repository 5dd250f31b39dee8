// SPDX-License-Identifier: Apache-2.0
#include "kernel/relu.h"
#include "kernel/variant.h"

gd_status GD_NAME(gd_relu_bwd_data)(const gd_call *call, const gd_ctx *ctx)
{
    (void)ctx;
    const store_t *y = call->at[RELU_Y], *dy = call->at[RELU_DY];
    store_t *dx = call->at[RELU_DX];
    int64_t count = gd_desc_count(call->problem->desc[RELU_X]);
    for (int64_t i = 0; i < count; i++)
        dx[i] = load(y[i]) > 0 ? dy[i] : store(0);
    return GD_OK;
}
