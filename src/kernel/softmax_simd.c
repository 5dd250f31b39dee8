// SPDX-License-Identifier: Apache-2.0
#include "base/parallel.h"
#include "kernel/exp.h"
#include "kernel/softmax.h"
#include "kernel/variant.h"

enum { PIECE = 4096 }; /* elements in a piece, about */

/* Rows [begin, end). exp is computed twice, which is cheaper than keeping it in more than the storage type. */
static void forward(void *argument, int64_t begin, int64_t end)
{
    const gd_call *call = argument;
    const gd_softmax_params *p = call->problem->params;
    const int64_t K = call->problem->desc[SOFTMAX_X].dim[1];
    const real scale = (real)(1 / p->temperature);
    for (int64_t n = begin; n < end; n++) {
        const store_t *x = (const store_t *)call->at[SOFTMAX_X] + n * K;
        store_t *y = (store_t *)call->at[SOFTMAX_Y] + n * K;
        real largest = load(x[0]), sum = 0;
        for (int64_t k = 1; k < K; k++)
            largest = load(x[k]) > largest ? load(x[k]) : largest;
        for (int64_t k = 0; k < K; k++)
            sum += gd_exp_negative((load(x[k]) - largest) * scale);
        for (int64_t k = 0; k < K; k++)
            y[k] = store(gd_exp_negative((load(x[k]) - largest) * scale) / sum);
    }
}

gd_status GD_NAME(gd_softmax_fwd)(const gd_call *call, const gd_ctx *ctx)
{
    const int64_t *dim = call->problem->desc[SOFTMAX_X].dim;
    gd_parallel_for(ctx->threads, dim[0], 1 + PIECE / dim[1], forward, (void *)call);
    return GD_OK;
}
