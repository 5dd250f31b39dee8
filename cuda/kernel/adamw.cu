// SPDX-License-Identifier: Apache-2.0
/* First one thread computes the factors, in f64, into WORK, and counts the update; then every element is stepped. */
#include "decay.cuh"
#include "kernel/adamw.h"

namespace
{

struct factors {
    float scale, decay, length, root;
};

__global__ void factors_kernel(gd_adamw_params p, const gd_record *record, gd_tally *tally, factors *to)
{
    if (tally->skip)
        return;
    const gd_adamw_factors f = gd_adamw_factors_of(p, record, tally);
    *to = factors{(float)f.scale, (float)f.decay, (float)f.length, (float)f.root};
    tally->applied++;
}

struct step {
    float *w, *m, *v;
    const float *dw;
    float keep1, take1, keep2, take2, epsilon;
    const factors *of_step;
    const gd_tally *tally;
    gd_decay decay;

    typedef factors now;
    __device__ bool skips() const { return tally->skip; }
    __device__ now begin() const { return *of_step; }
    __device__ void take(int64_t i, now f) const
    {
        float g = f.scale * dw[i], mean = keep1 * m[i] + take1 * g, square = keep2 * v[i] + take2 * g * g;
        m[i] = mean;
        v[i] = square;
        w[i] = w[i] * (decay.of(i) ? f.decay : 1) - f.length * mean / (sqrtf(square) / f.root + epsilon);
    }
};

} // namespace

gd_status gd_adamw_update_simt_prepare(const gd_problem *, int, gd_needs *needs, gd_error *)
{
    needs->work_bytes = sizeof(factors);
    return GD_OK;
}

gd_status gd_adamw_update_simt(const gd_call *call, const gd_ctx *ctx)
{
    const gd_adamw_params *p = (const gd_adamw_params *)call->problem->params;
    factors *work = (factors *)call->at[GD_WORK];
    step op = {};
    op.w = (float *)call->at[ADAMW_W];
    op.m = (float *)call->at[ADAMW_M];
    op.v = (float *)call->at[ADAMW_V];
    op.dw = (const float *)call->at[ADAMW_DW];
    op.keep1 = (float)p->beta1;
    op.take1 = (float)(1 - p->beta1);
    op.keep2 = (float)p->beta2;
    op.take2 = (float)(1 - p->beta2);
    op.epsilon = (float)p->epsilon;
    op.of_step = work;
    op.tally = ctx->tally;
    GD_TRY(gd_launched(GD_LAUNCH(factors_kernel, 1, 1, 0, gd_stream_of(ctx), *p, ctx->record, ctx->tally, work)));
    return gd_decay_run(ctx, p->undecayed, p->n_undecayed, gd_desc_count(call->problem->desc[ADAMW_W]), op);
}
