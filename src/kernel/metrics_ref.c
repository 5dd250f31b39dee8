// SPDX-License-Identifier: Apache-2.0
#include "kernel/metrics.h"
#include "kernel/variant.h"

gd_status GD_NAME(gd_metrics_fwd)(const gd_call *call, const gd_ctx *ctx)
{
    const int64_t K = call->problem->desc[METRICS_LOGITS].dim[1];
    const real *loss = call->at[METRICS_LOSS];
    for (int64_t n = 0; n < ctx->record->valid; n++) {
        const store_t *logits = (const store_t *)call->at[METRICS_LOGITS] + n * K;
        const real *targets = (const real *)call->at[METRICS_TARGETS] + n * K;
        int64_t wanted = 0;
        for (int64_t k = 1; k < K; k++)
            wanted = targets[k] > targets[wanted] ? k : wanted;
        bool correct = true; /* and stays so by comparisons that NaN fails */
        for (int64_t k = 0; k < K; k++)
            correct &= k < wanted ? load(logits[k]) < load(logits[wanted]) : load(logits[k]) <= load(logits[wanted]);
        ctx->tally->loss += (double)loss[n];
        ctx->tally->images++;
        ctx->tally->correct += correct;
    }
    return GD_OK;
}
