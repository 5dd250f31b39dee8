// SPDX-License-Identifier: Apache-2.0
#include "kernel/decay.h"
#include "kernel/sgd.h"

#include <math.h>

gd_status gd_sgd_update_magnitude(const gd_call *call, const gd_ctx *ctx)
{
    const gd_sgd_params *p = call->problem->params;
    const double scale = (double)ctx->tally->gradient_scale, rate = (double)ctx->record->learning_rate;
    const double *dw = call->at[SGD_DW];
    double *w = call->at[SGD_W], *m = call->at[SGD_M];
    const int64_t count = gd_desc_count(call->problem->desc[SGD_W]);

    bool decays = false;
    for (int64_t i = 0, end = 0; i < count; i++) {
        if (i == end)
            end = gd_decay_stretch(p->undecayed, p->n_undecayed, i, count, &decays);
        double g = scale * fabs(dw[i]) + (decays ? p->weight_decay * fabs(w[i]) : 0);
        if (m) {
            m[i] = p->momentum * fabs(m[i]) + g;
            g = p->nesterov ? g + p->momentum * m[i] : m[i];
        }
        w[i] = fabs(w[i]) + rate * g;
    }
    return GD_OK;
}
