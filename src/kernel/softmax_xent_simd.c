// SPDX-License-Identifier: Apache-2.0
#include "base/parallel.h"
#include "kernel/exp.h"
#include "kernel/softmax_xent.h"
#include "kernel/variant.h"

#include <math.h>

enum { GRAIN = 4096 }; /* elements */

/* One row: w t' is w (keep t + spread). */
typedef struct row {
    real largest, sum; /* logit; sum of exp(logit - largest) */
    real total, dot;   /* sum of w t'; sum of w t' (logit - largest) */
    real keep, spread;
} row;

static row row_of(const gd_softmax_xent_params *p, const store_t *restrict logits, const real *restrict targets,
                  int64_t K)
{
    const double *weights = p->class_weights.n ? p->class_weights.at : NULL;
    row r = {.largest = load(logits[0]), .keep = (real)(1 - p->label_smoothing)};
    real targets_total = 0;
    for (int64_t k = 0; k < K; k++) {
        real logit = load(logits[k]);
        r.largest = logit > r.largest ? logit : r.largest;
        targets_total += targets[k];
    }
    r.spread = (real)(p->label_smoothing / (double)K) * targets_total;
    real sum = 0, total = 0, dot = 0;
    for (int64_t k = 0; k < K; k++) {
        real d = load(logits[k]) - r.largest, weight = weights ? (real)weights[k] : 1;
        weight *= r.keep * targets[k] + r.spread;
        sum += gd_exp_negative(d);
        total += weight;
        dot += weight * d;
    }
    r.sum = sum;
    r.total = total;
    r.dot = dot;
    return r;
}

static void forward(void *argument, int64_t begin, int64_t end)
{
    const gd_call *call = argument;
    const int64_t K = call->problem->desc[SOFTMAX_XENT_LOGITS].dim[1];
    const store_t *logits = call->at[SOFTMAX_XENT_LOGITS];
    const real *targets = call->at[SOFTMAX_XENT_TARGETS];
    real *loss = call->at[SOFTMAX_XENT_LOSS];
    for (int64_t n = begin; n < end; n++) {
        const row r = row_of(call->problem->params, logits + n * K, targets + n * K, K);
        loss[n] = r.total * logf(r.sum) - r.dot;
    }
}

static void gradient(store_t *restrict dlogits, const store_t *restrict logits, const real *restrict targets, row r,
                     const double *weights, real share, int64_t K)
{
    const real factor = r.total / r.sum;
    for (int64_t k = 0; k < K; k++) {
        real weight = weights ? (real)weights[k] : 1;
        weight *= r.keep * targets[k] + r.spread;
        dlogits[k] = store((gd_exp_negative(load(logits[k]) - r.largest) * factor - weight) * share);
    }
}

static void backward(void *argument, int64_t begin, int64_t end)
{
    const gd_call *call = argument;
    const gd_softmax_xent_params *p = call->problem->params;
    const int64_t *dim = call->problem->desc[SOFTMAX_XENT_LOGITS].dim, K = dim[1];
    const store_t *logits = call->at[SOFTMAX_XENT_LOGITS];
    const real *targets = call->at[SOFTMAX_XENT_TARGETS];
    store_t *dlogits = call->at[SOFTMAX_XENT_DLOGITS];
    for (int64_t n = begin; n < end; n++)
        gradient(dlogits + n * K, logits + n * K, targets + n * K, row_of(p, logits + n * K, targets + n * K, K),
                 p->class_weights.n ? p->class_weights.at : NULL, 1 / (real)dim[0], K);
}

static int64_t rows_at_once(const gd_problem *problem)
{
    int64_t K = problem->desc[SOFTMAX_XENT_LOGITS].dim[1];
    return K < GRAIN ? GRAIN / K : 1;
}

gd_status GD_NAME(gd_softmax_xent_fwd)(const gd_call *call, const gd_ctx *ctx)
{
    gd_parallel_for(ctx->threads, call->problem->desc[SOFTMAX_XENT_LOGITS].dim[0], rows_at_once(call->problem), forward,
                    (void *)call);
    return GD_OK;
}

gd_status GD_NAME(gd_softmax_xent_bwd_data)(const gd_call *call, const gd_ctx *ctx)
{
    gd_parallel_for(ctx->threads, call->problem->desc[SOFTMAX_XENT_LOGITS].dim[0], rows_at_once(call->problem),
                    backward, (void *)call);
    return GD_OK;
}
