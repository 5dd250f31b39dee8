// SPDX-License-Identifier: Apache-2.0
#include "kernel/decay.h"
#include "kernel/sgd.h"
#include "kernel/variant.h"

gd_status GD_NAME(gd_sgd_update)(const gd_call *call, const gd_ctx *ctx)
{
    if (ctx->tally->skip)
        return GD_OK;
    const gd_sgd_params *p = call->problem->params;
    const real scale = ctx->tally->gradient_scale, rate = ctx->record->learning_rate, momentum = (real)p->momentum;
    const real *dw = call->at[SGD_DW];
    real *w = call->at[SGD_W], *m = call->at[SGD_M];
    const int64_t count = gd_desc_count(call->problem->desc[SGD_W]);

    bool decays = false;
    for (int64_t i = 0, end = 0; i < count; i++) {
        if (i == end)
            end = gd_decay_stretch(p->undecayed, p->n_undecayed, i, count, &decays);
        real g = scale * dw[i] + (decays ? (real)p->weight_decay * w[i] : 0);
        if (m) {
            m[i] = momentum * m[i] + g;
            g = p->nesterov ? g + momentum * m[i] : m[i];
        }
        w[i] -= rate * g;
    }
    ctx->tally->applied++;
    return GD_OK;
}
