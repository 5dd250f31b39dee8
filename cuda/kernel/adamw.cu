// SPDX-License-Identifier: Apache-2.0
#include "kernel/adamw.h"
#include "undecayed.cuh"

namespace
{

struct update {
    float *w, *m, *v;
    const float *dw;
    const gd_tally *tally;
    const gd_record *record;
    gd_undecayed undecayed;
    float beta1, take1, beta2, take2, epsilon;
    double log_beta1, log_beta2, weight_decay;
};

enum { THREADS = 256 };

/* The factors that hang on the number of updates are in f64: one thread of a block computes them for all. */
__global__ void __launch_bounds__(THREADS) update_kernel(update u, int64_t n)
{
    GD_SHARED(float, factor, [4]);
    if (threadIdx.x == 0) {
        double rate = (double)u.record->learning_rate, t = (double)(u.tally->applied + 1);
        factor[0] = u.tally->gradient_scale;
        factor[1] = (float)(1 - rate * u.weight_decay);
        factor[2] = (float)(rate / -expm1(t * u.log_beta1)); /* 1 - beta1^t */
        factor[3] = (float)sqrt(-expm1(t * u.log_beta2));
    }
    __syncthreads();
    if (u.tally->skip)
        return;
    float scale = factor[0], decay = factor[1], length = factor[2], root = factor[3];
    float keep1 = u.beta1, take1 = u.take1, keep2 = u.beta2, take2 = u.take2;
    int64_t stride = (int64_t)gridDim.x * blockDim.x;
    GD_ROLLED
    for (int64_t i = (int64_t)blockIdx.x * blockDim.x + threadIdx.x; i < n; i += stride) {
        float g = scale * u.dw[i], m = keep1 * u.m[i] + take1 * g, v = keep2 * u.v[i] + take2 * g * g;
        u.m[i] = m;
        u.v[i] = v;
        u.w[i] = u.w[i] * (u.undecayed.decays(i) ? decay : 1.0f) - length * m / (sqrtf(v) / root + u.epsilon);
    }
}

} // namespace

gd_status gd_adamw_update_simt_prepare(const gd_problem *problem, int, gd_needs *needs, gd_error *error)
{
    const gd_adamw_params *p = (const gd_adamw_params *)problem->params;
    return gd_undecayed_new(p->undecayed, p->n_undecayed, &needs->state, error);
}

void gd_adamw_update_simt_release(void *state) { gd_undecayed_free(state); }

gd_status gd_adamw_update_simt(const gd_call *call, const gd_ctx *ctx)
{
    const gd_adamw_params *p = (const gd_adamw_params *)call->problem->params;
    const update u = {(float *)call->at[ADAMW_W],
                      (float *)call->at[ADAMW_M],
                      (float *)call->at[ADAMW_V],
                      (const float *)call->at[ADAMW_DW],
                      ctx->tally,
                      ctx->record,
                      *(const gd_undecayed *)call->state,
                      (float)p->beta1,
                      (float)(1 - p->beta1),
                      (float)p->beta2,
                      (float)(1 - p->beta2),
                      (float)p->epsilon,
                      log(p->beta1),
                      log(p->beta2),
                      p->weight_decay};
    int64_t n = gd_desc_count(call->problem->desc[ADAMW_W]);
    GD_TRY(gd_launched(GD_LAUNCH(update_kernel, gd_blocks(n, THREADS), THREADS, 0, gd_stream_of(ctx), u, n)));
    return gd_count_update(ctx);
}
