// SPDX-License-Identifier: Apache-2.0
/* One pass over a row finds all that both directions need of it, five sums and a maximum:
 *
 *     sum_k w t' (x - L)  =  (1 - s) sum w t (x - x0)  +  s/K sum t  sum w (x - x0)  +  (x0 - L) sum w t'
 *
 * with L = largest + log sum exp(x - largest), which is not known before the end, and x0 the row's first logit, which
 * is near enough for nothing to be lost. Backward reads the row again, out of the cache.
 */
#include "kernel/softmax_xent.h"
#include "rows.cuh"

namespace
{

enum { AT_ONCE = 4, WEIGHTS_AT_ONCE = 512 };

/* The host's list comes to WORK by value, a launch for every 2 KB: nothing to copy from, so it can be captured. */
struct some_weights {
    float at[WEIGHTS_AT_ONCE];
};

__global__ void weights_kernel(some_weights from, float *to, int n)
{
    for (int i = (int)threadIdx.x; i < n; i += (int)blockDim.x)
        to[i] = from.at[i];
}

template <class T> struct logits {
    const T *x;
    const float *targets, *weights; /* weights NULL: 1 each */
    int64_t N, K;
    float smoothing, weights_total;

    __device__ float weight(int64_t k) const { return weights ? weights[k] : 1; }
};

struct row_sums {
    gd_exp_sum e;
    float targets;                           /* sum of t */
    float weighted, weighted_apart, w_apart; /* of w t, of w t (x - x0), of w (x - x0) */
};

template <class T> __device__ float origin_of(const logits<T> &in, int64_t n)
{
    float first = gd_load(in.x[n * in.K]);
    return isinf(first) ? 0 : first;
}

template <int WARPS, class T> __device__ row_sums sums_of(const logits<T> &in, int64_t n)
{
    enum { LANES = 32 * WARPS };
    const T *x = in.x + n * in.K;
    const float *t = in.targets + n * in.K;
    float x0 = origin_of(in, n);
    row_sums r = {{-INFINITY, 0}, 0, 0, 0, 0};
    for (int64_t k = threadIdx.x; k < in.K; k += AT_ONCE * LANES) {
        float value[AT_ONCE];
        int there = 0;
        for (int i = 0; i < AT_ONCE; i++) {
            int64_t at = k + i * LANES;
            value[i] = 0;
            if (at < in.K) {
                value[i] = gd_load(x[at]);
                float target = t[at], w = in.weight(at), apart = value[i] - x0;
                r.targets += target;
                r.weighted += w * target;
                r.weighted_apart += w * target * apart;
                r.w_apart += w * apart;
                there++;
            }
        }
        r.e.take(value, there, 1);
    }
    r.e = gd_team_exp_sum<WARPS>(r.e, 1);
    r.targets = gd_team_sum<WARPS>(r.targets);
    r.weighted = gd_team_sum<WARPS>(r.weighted);
    r.weighted_apart = gd_team_sum<WARPS>(r.weighted_apart);
    r.w_apart = gd_team_sum<WARPS>(r.w_apart);
    return r;
}

/* What each class gets of a row's smoothed targets, and the sum of w t'. */
template <class T> __device__ float share_of(const logits<T> &in, const row_sums &r)
{
    return in.smoothing / (float)in.K * r.targets;
}
template <class T> __device__ float total_of(const logits<T> &in, const row_sums &r)
{
    return (1 - in.smoothing) * r.weighted + share_of(in, r) * in.weights_total;
}

template <int WARPS, class T> __global__ void forward_kernel(logits<T> in, float *loss)
{
    for (int64_t n = gd_team_row(); n < in.N; n += gd_team_rows()) {
        row_sums r = sums_of<WARPS>(in, n);
        float share = share_of(in, r), apart = (1 - in.smoothing) * r.weighted_apart;
        if (share > 0) /* else a logit of minus infinity would make it NaN */
            apart += share * r.w_apart;
        if (threadIdx.x == 0)
            loss[n] = (r.e.largest - origin_of(in, n) + logf(r.e.sum)) * total_of(in, r) - apart;
    }
}

template <int WARPS, class T>
__global__ void backward_kernel(logits<T> in, T *dlogits, const gd_tally *tally, const gd_record *record)
{
    enum { LANES = 32 * WARPS };
    float scale = tally->loss_scale, batch = (float)record->batch;
    for (int64_t n = gd_team_row(); n < in.N; n += gd_team_rows()) {
        row_sums r = sums_of<WARPS>(in, n);
        float total = total_of(in, r), share = share_of(in, r);
        for (int64_t k = threadIdx.x; k < in.K; k += LANES) {
            int64_t i = n * in.K + k;
            float probability = expf(gd_load(in.x[i]) - r.e.largest) / r.e.sum;
            float wanted = in.weight(k) * ((1 - in.smoothing) * in.targets[i] + share);
            dlogits[i] = gd_store<T>(scale * (probability * total - wanted) / batch);
        }
    }
}

/* Brings the weights to WORK. */
template <class T> gd_status logits_of(const gd_call *call, const gd_ctx *ctx, logits<T> *in)
{
    const gd_softmax_xent_params *p = (const gd_softmax_xent_params *)call->problem->params;
    const gd_desc desc = call->problem->desc[SOFTMAX_XENT_LOGITS];
    float *to = p->class_weights.n ? (float *)call->at[GD_WORK] : NULL;
    double total = p->class_weights.n ? 0 : (double)desc.dim[1];
    for (int first = 0; first < p->class_weights.n; first += WEIGHTS_AT_ONCE) {
        some_weights some = {};
        int n = p->class_weights.n - first < WEIGHTS_AT_ONCE ? p->class_weights.n - first : WEIGHTS_AT_ONCE;
        for (int i = 0; i < n; i++) {
            some.at[i] = (float)p->class_weights.at[first + i];
            total += p->class_weights.at[first + i];
        }
        GD_TRY(gd_launched(GD_LAUNCH(weights_kernel, 1, 128, 0, gd_stream_of(ctx), some, to + first, n)));
    }
    *in = logits<T>{(const T *)call->at[SOFTMAX_XENT_LOGITS],
                    (const float *)call->at[SOFTMAX_XENT_TARGETS],
                    to,
                    desc.dim[0],
                    desc.dim[1],
                    (float)p->label_smoothing,
                    (float)total};
    return GD_OK;
}

template <class T> gd_status forward(const gd_call *call, const gd_ctx *ctx)
{
    logits<T> in;
    GD_TRY(logits_of(call, ctx, &in));
    return GD_LAUNCH_ROWS(forward_kernel, T, in.N, in.K, ctx, in, (float *)call->at[SOFTMAX_XENT_LOSS]);
}

template <class T> gd_status backward(const gd_call *call, const gd_ctx *ctx)
{
    logits<T> in;
    GD_TRY(logits_of(call, ctx, &in));
    return GD_LAUNCH_ROWS(backward_kernel, T, in.N, in.K, ctx, in, (T *)call->at[SOFTMAX_XENT_DLOGITS],
                          (const gd_tally *)ctx->tally, ctx->record);
}

} // namespace

gd_status gd_softmax_xent_simt_prepare(const gd_problem *problem, int, gd_needs *needs, gd_error *)
{
    const gd_softmax_xent_params *p = (const gd_softmax_xent_params *)problem->params;
    needs->work_bytes = (size_t)p->class_weights.n * sizeof(float);
    return GD_OK;
}

gd_status gd_softmax_xent_fwd_simt(const gd_call *call, const gd_ctx *ctx)
{
    GD_WITH_TYPE(call->problem->desc[SOFTMAX_XENT_LOGITS].type, T, return forward<T>(call, ctx));
}

gd_status gd_softmax_xent_bwd_data_simt(const gd_call *call, const gd_ctx *ctx)
{
    GD_WITH_TYPE(call->problem->desc[SOFTMAX_XENT_LOGITS].type, T, return backward<T>(call, ctx));
}
