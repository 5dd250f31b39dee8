// SPDX-License-Identifier: Apache-2.0
#include "kernel/softmax_xent.h"
#include "kernel/variant.h"

#include <tgmath.h>

/* One row, as both directions see it. */
typedef struct row {
    int64_t K;
    const store_t *logits;
    const real *targets;
    real largest;         /* logit */
    double sum;           /* of exp(logit - largest) */
    double targets_total; /* sum of t */
    double total;         /* sum of w t' */
} row;

static real weighted_target(const gd_problem *problem, const row *r, int64_t k)
{
    const gd_softmax_xent_params *p = problem->params;
    real s = (real)p->label_smoothing, smooth = (1 - s) * r->targets[k] + s / (real)r->K * (real)r->targets_total;
    return p->class_weights.n ? (real)p->class_weights.at[k] * smooth : smooth;
}

static row row_at(const gd_call *call, int64_t n)
{
    const int64_t K = call->problem->desc[SOFTMAX_XENT_LOGITS].dim[1];
    row r = {.K = K,
             .logits = (const store_t *)call->at[SOFTMAX_XENT_LOGITS] + n * K,
             .targets = (const real *)call->at[SOFTMAX_XENT_TARGETS] + n * K};
    r.largest = load(r.logits[0]);
    for (int64_t k = 0; k < K; k++) {
        r.largest = load(r.logits[k]) > r.largest ? load(r.logits[k]) : r.largest;
        r.targets_total += r.targets[k];
    }
    for (int64_t k = 0; k < K; k++) {
        r.sum += exp(load(r.logits[k]) - r.largest);
        r.total += weighted_target(call->problem, &r, k);
    }
    return r;
}

gd_status GD_NAME(gd_softmax_xent_fwd)(const gd_call *call, const gd_ctx *ctx)
{
    (void)ctx;
    real *loss = call->at[SOFTMAX_XENT_LOSS];
    for (int64_t n = 0; n < call->problem->desc[SOFTMAX_XENT_LOGITS].dim[0]; n++) {
        const row r = row_at(call, n);
        double sum = 0;
        for (int64_t k = 0; k < r.K; k++)
            sum -= weighted_target(call->problem, &r, k) * (load(r.logits[k]) - r.largest - log(r.sum));
        loss[n] = (real)sum;
    }
    return GD_OK;
}

gd_status GD_NAME(gd_softmax_xent_bwd_data)(const gd_call *call, const gd_ctx *ctx)
{
    const real scale = ctx->tally->loss_scale, batch = (real)ctx->record->batch;
    const int64_t N = call->problem->desc[SOFTMAX_XENT_LOGITS].dim[0];
    store_t *dlogits = call->at[SOFTMAX_XENT_DLOGITS];
    for (int64_t n = 0; n < N; n++) {
        const row r = row_at(call, n);
        for (int64_t k = 0; k < r.K; k++) {
            real probability = exp(load(r.logits[k]) - r.largest) / (real)r.sum;
            real weight = weighted_target(call->problem, &r, k);
            dlogits[n * r.K + k] = store((probability * (real)r.total - weight) * scale / batch);
        }
    }
    return GD_OK;
}
