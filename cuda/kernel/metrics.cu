// SPDX-License-Identifier: Apache-2.0
/* Which rows are right, all at once, to WORK; then one block adds them and the losses up, in a fixed order. */
#include "kernel/metrics.h"
#include "rows.cuh"

namespace
{

enum { ROWS = 8, SUM_THREADS = 256 };

/* Rows that count: never more than there are. */
__device__ int64_t counted(const gd_record *record, int64_t N) { return record->valid < N ? record->valid : N; }

/* The first of the largest; what is not a number is so only in front. */
__device__ int64_t largest_target(const float *targets, int64_t K)
{
    float best = -INFINITY;
    int64_t at = K;
    for (int64_t k = threadIdx.x; k < K; k += 32) {
        float t = targets[k];
        t = t == t ? t : k == 0 ? INFINITY : -INFINITY;
        if (at == K || t > best) {
            best = t;
            at = k;
        }
    }
    for (int flip = 16; flip > 0; flip /= 2) {
        float other = __shfl_xor_sync(0xffffffff, best, flip);
        int64_t other_at = __shfl_xor_sync(0xffffffff, (long long)at, flip);
        if (other > best || (other == best && other_at < at)) {
            best = other;
            at = other_at;
        }
    }
    return at;
}

/* A warp a row. */
template <class T>
__global__ void rows_kernel(const T *logits, const float *targets, int32_t *correct, int64_t N, int64_t K,
                            const gd_record *record)
{
    int64_t rows = counted(record, N);
    for (int64_t n = gd_team_row(); n < rows; n += gd_team_rows()) {
        const T *row = logits + n * K;
        int64_t wanted = largest_target(targets + n * K, K);
        float most = gd_load(row[wanted]);
        bool right = true; /* and stays so by comparisons that NaN fails */
        for (int64_t k = threadIdx.x; k < K; k += 32)
            right = right && (k < wanted ? gd_load(row[k]) < most : gd_load(row[k]) <= most);
        right = __all_sync(0xffffffff, right);
        if (threadIdx.x == 0)
            correct[n] = right;
    }
}

__global__ void __launch_bounds__(SUM_THREADS)
    sum_kernel(const float *loss, const int32_t *correct, int64_t N, const gd_record *record, gd_tally *tally)
{
    GD_SHARED(double, losses, [SUM_THREADS]);
    GD_SHARED(int64_t, rights, [SUM_THREADS]);
    int64_t rows = counted(record, N), right = 0;
    int t = (int)threadIdx.x;
    double sum = 0;
    for (int64_t n = t; n < rows; n += SUM_THREADS) {
        sum += (double)loss[n];
        right += correct[n];
    }
    losses[t] = sum;
    rights[t] = right;
    for (int half = SUM_THREADS / 2; half > 0; half /= 2) {
        __syncthreads();
        if (t < half) {
            losses[t] += losses[t + half];
            rights[t] += rights[t + half];
        }
    }
    if (t == 0 && rows > 0) {
        tally->loss += losses[0];
        tally->images += rows;
        tally->correct += rights[0];
    }
}

template <class T> gd_status forward(const gd_call *call, const gd_ctx *ctx)
{
    const gd_desc x = call->problem->desc[METRICS_LOGITS];
    int32_t *correct = (int32_t *)call->at[GD_WORK];
    GD_TRY(gd_launched(GD_LAUNCH((rows_kernel<T>), gd_blocks(x.dim[0], ROWS), dim3(32, ROWS), 0, gd_stream_of(ctx),
                                 (const T *)call->at[METRICS_LOGITS], (const float *)call->at[METRICS_TARGETS], correct,
                                 x.dim[0], x.dim[1], ctx->record)));
    return gd_launched(GD_LAUNCH(sum_kernel, 1, SUM_THREADS, 0, gd_stream_of(ctx),
                                 (const float *)call->at[METRICS_LOSS], (const int32_t *)correct, x.dim[0], ctx->record,
                                 ctx->tally));
}

} // namespace

gd_status gd_metrics_fwd_simt_prepare(const gd_problem *problem, int, gd_needs *needs, gd_error *)
{
    needs->work_bytes = (size_t)problem->desc[METRICS_LOGITS].dim[0] * sizeof(int32_t);
    return GD_OK;
}

gd_status gd_metrics_fwd_simt(const gd_call *call, const gd_ctx *ctx)
{
    GD_WITH_TYPE(call->problem->desc[METRICS_LOGITS].type, T, return forward<T>(call, ctx));
}
