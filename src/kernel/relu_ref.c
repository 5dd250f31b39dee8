// SPDX-License-Identifier: Apache-2.0
#include "kernel/relu.h"
#include "kernel/variant.h"

gd_status GD_NAME(gd_relu_fwd)(const gd_call *call, const gd_ctx *ctx)
{
    (void)ctx;
    const store_t *x = call->at[RELU_X];
    store_t *y = call->at[RELU_Y];
    int64_t count = gd_desc_count(call->problem->desc[RELU_X]);
    for (int64_t i = 0; i < count; i++)
        y[i] = load(x[i]) <= 0 ? store(0) : x[i]; /* this way round NaN passes */
    return GD_OK;
}
