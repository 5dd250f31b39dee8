// SPDX-License-Identifier: Apache-2.0
#include "block.cuh"
#include "kernel/sgd.h"
#include "undecayed.cuh"

namespace
{

struct update {
    float *w, *m;
    const float *dw;
    const gd_tally *tally;
    const gd_record *record;
    gd_undecayed undecayed;
    float momentum, weight_decay;
    bool nesterov;

    __device__ void operator()(int64_t i) const
    {
        if (tally->skip)
            return;
        float value = w[i], g = tally->gradient_scale * dw[i];
        if (undecayed.decays(i))
            g += weight_decay * value;
        if (m) {
            float moved = momentum * m[i] + g;
            m[i] = moved;
            g = nesterov ? g + momentum * moved : moved;
        }
        w[i] = value - record->learning_rate * g;
    }
};

} // namespace

gd_status gd_sgd_update_simt_prepare(const gd_problem *problem, int, gd_needs *needs, gd_error *error)
{
    const gd_sgd_params *p = (const gd_sgd_params *)problem->params;
    return gd_undecayed_new(p->undecayed, p->n_undecayed, &needs->state, error);
}

void gd_sgd_update_simt_release(void *state) { gd_undecayed_free(state); }

gd_status gd_sgd_update_simt(const gd_call *call, const gd_ctx *ctx)
{
    const gd_sgd_params *p = (const gd_sgd_params *)call->problem->params;
    const update f = {(float *)call->at[SGD_W],
                      (float *)call->at[SGD_M],
                      (const float *)call->at[SGD_DW],
                      ctx->tally,
                      ctx->record,
                      *(const gd_undecayed *)call->state,
                      (float)p->momentum,
                      (float)p->weight_decay,
                      p->nesterov};
    GD_TRY(gd_block_each(ctx, gd_desc_count(call->problem->desc[SGD_W]), f));
    return gd_count_update(ctx);
}
