// SPDX-License-Identifier: Apache-2.0
#include "kernel/linear.h"
#include "kernel/variant.h"

gd_status GD_NAME(gd_linear_fwd)(const gd_call *call, const gd_ctx *ctx)
{
    (void)ctx;
    const gd_linear_params *p = call->problem->params;
    const gd_linear_sizes z = gd_linear_sizes_of(call->problem);
    const store_t *x = call->at[LINEAR_X];
    const real *w = call->at[LINEAR_W], *b = call->at[LINEAR_B];
    store_t *y = call->at[LINEAR_Y];

    for (int64_t n = 0; n < z.N; n++) {
        for (int64_t k = 0; k < z.K; k++) {
            real sum = b ? b[k] : 0;
            for (int64_t c = 0; c < z.C; c++)
                sum += load(x[n * z.C + c]) * w[k * z.C + c];
            y[n * z.K + k] = store(p->activation == GD_ACTIVATION_RELU && sum <= 0 ? 0 : sum);
        }
    }
    return GD_OK;
}
