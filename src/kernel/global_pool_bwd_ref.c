// SPDX-License-Identifier: Apache-2.0
#include "kernel/global_pool.h"
#include "kernel/variant.h"

gd_status GD_NAME(gd_global_pool_bwd_data)(const gd_call *call, const gd_ctx *ctx)
{
    (void)ctx;
    const int64_t *dim = call->problem->desc[GLOBAL_POOL_X].dim;
    int64_t pixels = dim[1] * dim[2], C = dim[3];
    const store_t *dy = call->at[GLOBAL_POOL_DY];
    const int32_t *argmax = call->at[GLOBAL_POOL_ARGMAX];
    store_t *dx = call->at[GLOBAL_POOL_DX];

    for (int64_t i = 0; i < dim[0] * C; i++) {
        store_t *image = dx + i / C * pixels * C + i % C;
        real g = load(dy[i]);
        for (int64_t pixel = 0; pixel < pixels; pixel++)
            image[pixel * C] = store(!argmax ? g / (real)pixels : argmax[i] == pixel ? g : 0);
    }
    return GD_OK;
}
