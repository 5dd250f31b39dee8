// SPDX-License-Identifier: Apache-2.0
#include "kernel/adamw.h"
#include "kernel/decay.h"
#include "kernel/variant.h"

#include <tgmath.h>

gd_status GD_NAME(gd_adamw_update)(const gd_call *call, const gd_ctx *ctx)
{
    if (ctx->tally->skip)
        return GD_OK;
    const gd_adamw_params *p = call->problem->params;
    const gd_adamw_factors f = gd_adamw_factors_of(p, ctx);
    const real keep1 = (real)p->beta1, take1 = (real)(1 - p->beta1);
    const real keep2 = (real)p->beta2, take2 = (real)(1 - p->beta2);
    const real *dw = call->at[ADAMW_DW];
    real *w = call->at[ADAMW_W], *m = call->at[ADAMW_M], *v = call->at[ADAMW_V];
    const int64_t count = gd_desc_count(call->problem->desc[ADAMW_W]);

    bool decays = false;
    for (int64_t i = 0, end = 0; i < count; i++) {
        if (i == end)
            end = gd_decay_stretch(p->undecayed, p->n_undecayed, i, count, &decays);
        real g = (real)f.scale * dw[i];
        m[i] = keep1 * m[i] + take1 * g;
        v[i] = keep2 * v[i] + take2 * g * g;
        w[i] = w[i] * (decays ? (real)f.decay : 1) -
               (real)f.length * m[i] / (sqrt(v[i]) / (real)f.root + (real)p->epsilon);
    }
    ctx->tally->applied++;
    return GD_OK;
}
