// SPDX-License-Identifier: Apache-2.0
#include "decay.cuh"
#include "kernel/sgd.h"

namespace
{

struct step {
    float *w, *m;
    const float *dw;
    float momentum, weight_decay;
    bool nesterov;
    const gd_record *record;
    const gd_tally *tally;
    gd_decay decay;

    struct now {
        float scale, rate;
    };
    __device__ bool skips() const { return tally->skip; }
    __device__ now begin() const { return now{tally->gradient_scale, record->learning_rate}; }
    __device__ void take(int64_t i, now at) const
    {
        float weight = w[i], g = at.scale * dw[i] + (decay.of(i) ? weight_decay * weight : 0);
        if (m) {
            float moved = momentum * m[i] + g;
            m[i] = moved;
            g = nesterov ? g + momentum * moved : moved;
        }
        w[i] = weight - at.rate * g;
    }
};

/* By itself: one thread, when all others are done. */
__global__ void count_kernel(gd_tally *tally) { tally->applied += !tally->skip; }

} // namespace

gd_status gd_sgd_update_simt(const gd_call *call, const gd_ctx *ctx)
{
    const gd_sgd_params *p = (const gd_sgd_params *)call->problem->params;
    step op = {};
    op.w = (float *)call->at[SGD_W];
    op.m = (float *)call->at[SGD_M];
    op.dw = (const float *)call->at[SGD_DW];
    op.momentum = (float)p->momentum;
    op.weight_decay = (float)p->weight_decay;
    op.nesterov = p->nesterov;
    op.record = ctx->record;
    op.tally = ctx->tally;
    GD_TRY(gd_decay_run(ctx, p->undecayed, p->n_undecayed, gd_desc_count(call->problem->desc[SGD_W]), op));
    return gd_launched(GD_LAUNCH(count_kernel, 1, 1, 0, gd_stream_of(ctx), ctx->tally));
}
