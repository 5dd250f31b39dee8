// SPDX-License-Identifier: Apache-2.0
#include "kernel/softmax_xent.h"

#include <math.h>

/* Fills `loss` or `dlogits` (the other is NULL) of row n; `share`: what its gradient is multiplied with. */
static void row_magnitude(const gd_call *call, int64_t n, double share, double *loss, double *dlogits)
{
    const gd_softmax_xent_params *p = call->problem->params;
    const int64_t K = call->problem->desc[SOFTMAX_XENT_LOGITS].dim[1];
    const double *logits = (const double *)call->at[SOFTMAX_XENT_LOGITS] + n * K;
    const double *targets = (const double *)call->at[SOFTMAX_XENT_TARGETS] + n * K;
    double largest = -INFINITY, targets_total = 0, sum = 0, total = 0;
    for (int64_t k = 0; k < K; k++) {
        largest = fmax(largest, logits[k]);
        targets_total += targets[k];
    }
    for (int pass = 0; pass < 2; pass++) {
        for (int64_t k = 0; k < K; k++) {
            double smooth = (1 - p->label_smoothing) * targets[k] + p->label_smoothing / (double)K * targets_total;
            double weight = p->class_weights.n ? p->class_weights.at[k] * smooth : smooth;
            double size = fabs(logits[k]) + fabs(largest), e = exp(logits[k] - largest);
            if (pass == 0) {
                sum += e;
                total += weight;
            } else if (loss) {
                *loss += weight * (size + log(sum) + 1);
            } else {
                dlogits[k] = share * (e / sum * (1 + size) * total + weight);
            }
        }
    }
}

gd_status gd_softmax_xent_fwd_magnitude(const gd_call *call, const gd_ctx *ctx)
{
    (void)ctx;
    double *loss = call->at[SOFTMAX_XENT_LOSS];
    for (int64_t n = 0; n < call->problem->desc[SOFTMAX_XENT_LOGITS].dim[0]; n++) {
        loss[n] = 0;
        row_magnitude(call, n, 1, &loss[n], NULL);
    }
    return GD_OK;
}

gd_status gd_softmax_xent_bwd_data_magnitude(const gd_call *call, const gd_ctx *ctx)
{
    const int64_t N = call->problem->desc[SOFTMAX_XENT_LOGITS].dim[0];
    const int64_t K = call->problem->desc[SOFTMAX_XENT_LOGITS].dim[1];
    const double share = (double)ctx->tally->loss_scale / ctx->record->batch;
    for (int64_t n = 0; n < N; n++)
        row_magnitude(call, n, share, NULL, (double *)call->at[SOFTMAX_XENT_DLOGITS] + n * K);
    return GD_OK;
}
