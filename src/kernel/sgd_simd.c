// SPDX-License-Identifier: Apache-2.0
#include "base/parallel.h"
#include "kernel/decay.h"
#include "kernel/sgd.h"
#include "kernel/variant.h"

enum { GRAIN = 16384 };

typedef struct sgd_run {
    const gd_call *call;
    real scale, rate;
} sgd_run;

static void plain(real *restrict w, const real *restrict dw, real scale, real decay, real rate, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        w[i] -= rate * (scale * dw[i] + decay * w[i]);
}

static void with_momentum(real *restrict w, real *restrict m, const real *restrict dw, real scale, real decay,
                          real rate, real momentum, bool nesterov, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        real g = scale * dw[i] + decay * w[i];
        m[i] = momentum * m[i] + g;
        w[i] -= rate * (nesterov ? g + momentum * m[i] : m[i]);
    }
}

static void piece(void *argument, int64_t begin, int64_t end)
{
    const sgd_run *run = argument;
    const gd_sgd_params *p = run->call->problem->params;
    const real *dw = run->call->at[SGD_DW];
    real *w = run->call->at[SGD_W], *m = run->call->at[SGD_M];
    while (begin < end) {
        bool decays;
        int64_t next = gd_decay_stretch(p->undecayed, p->n_undecayed, begin, end, &decays);
        real decay = decays ? (real)p->weight_decay : 0;
        if (m)
            with_momentum(w + begin, m + begin, dw + begin, run->scale, decay, run->rate, (real)p->momentum,
                          p->nesterov, next - begin);
        else
            plain(w + begin, dw + begin, run->scale, decay, run->rate, next - begin);
        begin = next;
    }
}

gd_status GD_NAME(gd_sgd_update)(const gd_call *call, const gd_ctx *ctx)
{
    if (ctx->tally->skip)
        return GD_OK;
    sgd_run run = {call, ctx->tally->gradient_scale, ctx->record->learning_rate};
    gd_parallel_for(ctx->threads, gd_desc_count(call->problem->desc[SGD_W]), GRAIN, piece, &run);
    ctx->tally->applied++;
    return GD_OK;
}
