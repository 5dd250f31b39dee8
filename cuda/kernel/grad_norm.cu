// SPDX-License-Identifier: Apache-2.0
/* Squares in f64: each piece by a block; then the pieces by one block, whose first thread decides what the norm means
 * for the update. In a block each thread adds its share in order, and threads are added in halves. */
#include "kernel/grad_norm.h"
#include "launch.cuh"

namespace
{

enum { THREADS = 256 };

/* What the threads of a block have, in thread 0. */
__device__ double block_sum(double sum)
{
    GD_SHARED(double, sums, [THREADS]);
    sums[threadIdx.x] = sum;
    for (int apart = THREADS / 2; apart > 0; apart /= 2) {
        __syncthreads();
        if ((int)threadIdx.x < apart)
            sums[threadIdx.x] += sums[threadIdx.x + apart];
    }
    return sums[threadIdx.x];
}

__global__ void __launch_bounds__(THREADS) squares_kernel(const float *dw, int64_t n, double *piece)
{
    int64_t begin = (int64_t)blockIdx.x * GD_GRAD_NORM_GRAIN, end = begin + GD_GRAD_NORM_GRAIN;
    double sum = 0;
    GD_ROLLED
    for (int64_t i = begin + threadIdx.x; i < end && i < n; i += THREADS)
        sum += (double)dw[i] * (double)dw[i];
    sum = block_sum(sum);
    if (threadIdx.x == 0)
        piece[blockIdx.x] = sum;
}

__global__ void __launch_bounds__(THREADS)
    decide_kernel(const double *piece, int64_t pieces, gd_grad_norm_params p, gd_tally *tally)
{
    double sum = 0;
    for (int64_t i = threadIdx.x; i < pieces; i += THREADS)
        sum += piece[i];
    sum = block_sum(sum);
    if (threadIdx.x == 0)
        gd_grad_norm_decide(&p, sum, tally);
}

} // namespace

gd_status gd_grad_norm_update_simt(const gd_call *call, const gd_ctx *ctx)
{
    int64_t n = gd_desc_count(call->problem->desc[GRAD_NORM_DW]), pieces = gd_ceil(n, GD_GRAD_NORM_GRAIN);
    double *piece = (double *)call->at[GD_WORK];
    GD_TRY(gd_launched(GD_LAUNCH(squares_kernel, (unsigned)pieces, THREADS, 0, gd_stream_of(ctx),
                                 (const float *)call->at[GRAD_NORM_DW], n, piece)));
    return gd_launched(GD_LAUNCH(decide_kernel, 1, THREADS, 0, gd_stream_of(ctx), (const double *)piece, pieces,
                                 *(const gd_grad_norm_params *)call->problem->params, ctx->tally));
}
