// SPDX-License-Identifier: Apache-2.0
#include "base/parallel.h"
#include "kernel/exp.h"
#include "kernel/softmax_xent.h"
#include "kernel/variant.h"

#include <math.h>

enum { GRAIN = 4096, BLOCK = 128 }; /* elements of a piece; of a sum in f32, whose like are then summed in f64 */

/* One row: w t' is w (keep t + spread). What all classes get alike, spread, is taken out of the sums: equal terms would
 * be rounded the same way each time. */
typedef struct row {
    real largest, sum; /* logit; sum of exp(logit - largest) */
    real total, dot;   /* sum of w t'; sum of w t' (logit - largest) */
    real keep, spread;
} row;

static row row_of(const gd_softmax_xent_params *p, const store_t *restrict logits, const real *restrict targets,
                  const real *restrict weights, double weights_total, int64_t K)
{
    real largest = load(logits[0]);
    const double smoothing = p->label_smoothing;
    double targets_total = 0, sum = 0, total = 0, dot = 0, apart = 0;
    for (int64_t first = 0; first < K; first += BLOCK) {
        const int64_t last = first + BLOCK < K ? first + BLOCK : K;
        real block = 0;
        for (int64_t k = first; k < last; k++) {
            largest = load(logits[k]) > largest ? load(logits[k]) : largest;
            block += targets[k];
        }
        targets_total += block;
    }
    const double spread = smoothing / (double)K * targets_total;
    for (int64_t first = 0; first < K; first += BLOCK) {
        const int64_t last = first + BLOCK < K ? first + BLOCK : K;
        real block_sum = 0, block_total = 0, block_dot = 0, block_apart = 0;
        for (int64_t k = first; k < last; k++) {
            real d = load(logits[k]) - largest, weighted = weights[k] * targets[k];
            block_sum += gd_exp_negative(d);
            block_total += weighted;
            block_dot += weighted * d;
            block_apart += weights[k] * d;
        }
        sum += block_sum;
        total += block_total;
        dot += block_dot;
        apart += block_apart;
    }
    total = (1 - smoothing) * total + spread * weights_total;
    dot = (1 - smoothing) * dot;
    if (spread > 0) /* else a logit of minus infinity would make it NaN */
        dot += spread * apart;
    return (row){largest, (real)sum, (real)total, (real)dot, (real)(1 - smoothing), (real)spread};
}

typedef struct softmax_xent_run {
    const gd_call *call;
    double weights_total;
    real share; /* of the whole gradient that a row's is: loss scale / batch */
} softmax_xent_run;

static void forward(void *argument, int64_t begin, int64_t end)
{
    const softmax_xent_run *all = argument;
    const gd_call *call = all->call;
    const int64_t K = call->problem->desc[SOFTMAX_XENT_LOGITS].dim[1];
    const store_t *logits = call->at[SOFTMAX_XENT_LOGITS];
    const real *targets = call->at[SOFTMAX_XENT_TARGETS], *weights = call->at[GD_WORK];
    real *loss = call->at[SOFTMAX_XENT_LOSS];
    for (int64_t n = begin; n < end; n++) {
        const row r = row_of(call->problem->params, logits + n * K, targets + n * K, weights, all->weights_total, K);
        loss[n] = r.total * logf(r.sum) - r.dot;
    }
}

static void gradient(store_t *restrict dlogits, const store_t *restrict logits, const real *restrict targets,
                     const real *restrict weights, row r, real share, int64_t K)
{
    const real factor = r.total / r.sum;
    for (int64_t k = 0; k < K; k++) {
        real weight = weights[k] * (r.keep * targets[k] + r.spread);
        dlogits[k] = store((gd_exp_negative(load(logits[k]) - r.largest) * factor - weight) * share);
    }
}

static void backward(void *argument, int64_t begin, int64_t end)
{
    const softmax_xent_run *all = argument;
    const gd_call *call = all->call;
    const int64_t K = call->problem->desc[SOFTMAX_XENT_LOGITS].dim[1];
    const store_t *logits = call->at[SOFTMAX_XENT_LOGITS];
    const real *targets = call->at[SOFTMAX_XENT_TARGETS], *weights = call->at[GD_WORK];
    store_t *dlogits = call->at[SOFTMAX_XENT_DLOGITS];
    for (int64_t n = begin; n < end; n++) {
        const row r = row_of(call->problem->params, logits + n * K, targets + n * K, weights, all->weights_total, K);
        gradient(dlogits + n * K, logits + n * K, targets + n * K, weights, r, all->share, K);
    }
}

/* Runs `body` over the rows, with a weight for every class in WORK. */
static gd_status run(const gd_call *call, const gd_ctx *ctx, real share, void (*body)(void *, int64_t, int64_t))
{
    const gd_softmax_xent_params *p = call->problem->params;
    const int64_t *dim = call->problem->desc[SOFTMAX_XENT_LOGITS].dim, K = dim[1];
    real *weights = call->at[GD_WORK];
    for (int64_t k = 0; k < K; k++)
        weights[k] = p->class_weights.n ? (real)p->class_weights.at[k] : 1;
    softmax_xent_run all = {call, 0, share};
    for (int64_t k = 0; k < K; k++)
        all.weights_total += weights[k];
    gd_parallel_for(ctx->threads, dim[0], K < GRAIN ? GRAIN / K : 1, body, &all);
    return GD_OK;
}

gd_status GD_NAME(gd_softmax_xent_fwd)(const gd_call *call, const gd_ctx *ctx) { return run(call, ctx, 0, forward); }

gd_status GD_NAME(gd_softmax_xent_bwd_data)(const gd_call *call, const gd_ctx *ctx)
{
    return run(call, ctx, (real)ctx->tally->loss_scale / (real)ctx->record->batch, backward);
}
