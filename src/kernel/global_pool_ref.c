// SPDX-License-Identifier: Apache-2.0
#include "kernel/global_pool.h"
#include "kernel/variant.h"

gd_status GD_NAME(gd_global_pool_fwd)(const gd_call *call, const gd_ctx *ctx)
{
    (void)ctx;
    const gd_global_pool_params *p = call->problem->params;
    const int64_t *dim = call->problem->desc[GLOBAL_POOL_X].dim;
    int64_t pixels = dim[1] * dim[2], C = dim[3];
    const store_t *x = call->at[GLOBAL_POOL_X];
    store_t *y = call->at[GLOBAL_POOL_Y];
    int32_t *argmax = call->at[GLOBAL_POOL_ARGMAX];

    for (int64_t i = 0; i < dim[0] * C; i++) {
        const store_t *image = x + i / C * pixels * C + i % C;
        real best = load(image[0]), sum = 0;
        int32_t at = 0;
        for (int64_t pixel = 0; pixel < pixels; pixel++) {
            real v = load(image[pixel * C]);
            sum += v;
            if (GD_POOL_REPLACES(v, best)) {
                best = v;
                at = (int32_t)pixel;
            }
        }
        if (argmax)
            argmax[i] = at;
        y[i] = store(p->kind == GD_POOL_MAX ? best : sum / (real)pixels);
    }
    return GD_OK;
}
