// SPDX-License-Identifier: Apache-2.0
#include "kernel/mul.h"
#include "kernel/variant.h"

gd_status GD_NAME(gd_mul_bwd_data)(const gd_call *call, const gd_ctx *ctx)
{
    (void)ctx;
    const gd_mul_sizes z = gd_mul_sizes_of(call->problem);
    const store_t *x = call->at[MUL_X], *g = call->at[MUL_G], *dy = call->at[MUL_DY];
    store_t *dx = call->at[MUL_DX], *dg = call->at[MUL_DG];
    for (int64_t n = 0; n < z.images; n++) {
        for (int64_t c = 0; c < z.C; c++) {
            real sum = 0, gate = load(g[n * z.C + c]);
            for (int64_t p = 0; p < z.pixels; p++) {
                int64_t i = (n * z.pixels + p) * z.C + c;
                sum += load(dy[i]) * load(x[i]);
                if (dx)
                    dx[i] = store(load(dy[i]) * gate);
            }
            if (dg)
                dg[n * z.C + c] = store(sum);
        }
    }
    return GD_OK;
}
