// SPDX-License-Identifier: Apache-2.0
/* S of softmax's tolerance law. */
#include "kernel/softmax.h"

#include <math.h>

gd_status gd_softmax_fwd_magnitude(const gd_call *call, const gd_ctx *ctx)
{
    (void)ctx;
    const gd_softmax_params *p = call->problem->params;
    const int64_t *dim = call->problem->desc[SOFTMAX_X].dim, K = dim[1];
    for (int64_t n = 0; n < dim[0]; n++) {
        const double *x = (const double *)call->at[SOFTMAX_X] + n * K;
        double *y = (double *)call->at[SOFTMAX_Y] + n * K;
        double largest = x[0], sum = 0, mean = 0;
        for (int64_t k = 1; k < K; k++)
            largest = fmax(x[k], largest);
        for (int64_t k = 0; k < K; k++)
            sum += exp((x[k] - largest) / p->temperature);
        for (int64_t k = 0; k < K; k++) {
            y[k] = exp((x[k] - largest) / p->temperature) / sum;
            mean += y[k] * (fabs(x[k]) + fabs(largest)) / p->temperature;
        }
        for (int64_t k = 0; k < K; k++)
            y[k] *= 1 + (fabs(x[k]) + fabs(largest)) / p->temperature + mean;
    }
    return GD_OK;
}
