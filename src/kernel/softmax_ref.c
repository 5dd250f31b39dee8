// SPDX-License-Identifier: Apache-2.0
#include "kernel/softmax.h"
#include "kernel/variant.h"

#include <math.h>

/* On F64 both are the double ones; on float, double's exp rounded is the right answer anyway. */
gd_status GD_NAME(gd_softmax_fwd)(const gd_call *call, const gd_ctx *ctx)
{
    (void)ctx;
    const gd_softmax_params *p = call->problem->params;
    const int64_t *dim = call->problem->desc[SOFTMAX_X].dim, K = dim[1];
    real scale = (real)(1 / p->temperature);
    for (int64_t n = 0; n < dim[0]; n++) {
        const store_t *x = (const store_t *)call->at[SOFTMAX_X] + n * K;
        store_t *y = (store_t *)call->at[SOFTMAX_Y] + n * K;
        real largest = load(x[0]), sum = 0;
        for (int64_t k = 1; k < K; k++)
            largest = load(x[k]) > largest ? load(x[k]) : largest;
        for (int64_t k = 0; k < K; k++)
            sum += (real)exp((double)((load(x[k]) - largest) * scale));
        for (int64_t k = 0; k < K; k++)
            y[k] = store((real)exp((double)((load(x[k]) - largest) * scale)) / sum);
    }
    return GD_OK;
}
