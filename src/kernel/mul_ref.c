// SPDX-License-Identifier: Apache-2.0
#include "kernel/mul.h"
#include "kernel/variant.h"

gd_status GD_NAME(gd_mul_fwd)(const gd_call *call, const gd_ctx *ctx)
{
    (void)ctx;
    const gd_mul_sizes z = gd_mul_sizes_of(call->problem);
    const store_t *x = call->at[MUL_X], *g = call->at[MUL_G];
    store_t *y = call->at[MUL_Y];
    for (int64_t row = 0; row < z.images * z.pixels; row++) {
        for (int64_t c = 0; c < z.C; c++)
            y[row * z.C + c] = store(load(x[row * z.C + c]) * load(g[row / z.pixels * z.C + c]));
    }
    return GD_OK;
}
