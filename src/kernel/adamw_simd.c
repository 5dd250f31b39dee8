// SPDX-License-Identifier: Apache-2.0
#include "base/parallel.h"
#include "kernel/adamw.h"
#include "kernel/decay.h"
#include "kernel/variant.h"

#include <tgmath.h>

enum { GRAIN = 16384 };

typedef struct adamw_run {
    const gd_call *call;
    gd_adamw_factors factors;
} adamw_run;

static void stretch(real *restrict w, real *restrict m, real *restrict v, const real *restrict dw,
                    const gd_adamw_params *p, gd_adamw_factors f, real decay, int64_t n)
{
    const real keep1 = (real)p->beta1, take1 = (real)(1 - p->beta1), epsilon = (real)p->epsilon;
    const real keep2 = (real)p->beta2, take2 = (real)(1 - p->beta2);
    const real scale = (real)f.scale, length = (real)f.length, root = (real)(1 / f.root);
    for (int64_t i = 0; i < n; i++) {
        real g = scale * dw[i];
        m[i] = keep1 * m[i] + take1 * g;
        v[i] = keep2 * v[i] + take2 * (g * g);
        w[i] = w[i] * decay - length * m[i] / (sqrt(v[i]) * root + epsilon);
    }
}

static void piece(void *argument, int64_t begin, int64_t end)
{
    const adamw_run *run = argument;
    const gd_adamw_params *p = run->call->problem->params;
    const real *dw = run->call->at[ADAMW_DW];
    real *w = run->call->at[ADAMW_W], *m = run->call->at[ADAMW_M], *v = run->call->at[ADAMW_V];
    while (begin < end) {
        bool decays;
        int64_t next = gd_decay_stretch(p->undecayed, p->n_undecayed, begin, end, &decays);
        stretch(w + begin, m + begin, v + begin, dw + begin, p, run->factors, decays ? (real)run->factors.decay : 1,
                next - begin);
        begin = next;
    }
}

gd_status GD_NAME(gd_adamw_update)(const gd_call *call, const gd_ctx *ctx)
{
    if (ctx->tally->skip)
        return GD_OK;
    adamw_run run = {call, gd_adamw_factors_of(call->problem->params, ctx)};
    gd_parallel_for(ctx->threads, gd_desc_count(call->problem->desc[ADAMW_W]), GRAIN, piece, &run);
    ctx->tally->applied++;
    return GD_OK;
}
