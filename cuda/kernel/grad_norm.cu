// SPDX-License-Identifier: Apache-2.0
/* The sum of squares in f64, in a fixed order; the pieces are the contract's, and no card's:
 *
 *     dw      | 16384 | 16384 | …        a block each: thread t takes t, t + 256, …; the 256 sums are added in a tree
 *     WORK    partial[piece]
 *     then    one block the same way over the partial sums; its first thread decides
 */
#include "kernel/grad_norm.h"
#include "launch.cuh"

namespace
{

enum { THREADS = 256 };

/* All threads call it; thread 0 gets the sum. */
__device__ double sum_of_block(double value)
{
    GD_SHARED(double, sums, [THREADS]);
    sums[threadIdx.x] = value;
    for (int apart = THREADS / 2; apart > 0; apart /= 2) {
        __syncthreads();
        if ((int)threadIdx.x < apart)
            sums[threadIdx.x] = value = value + sums[threadIdx.x + apart];
    }
    return value;
}

__global__ void __launch_bounds__(THREADS) pieces_kernel(const float *dw, int64_t count, double *partial)
{
    int64_t begin = (int64_t)blockIdx.x * GD_GRAD_NORM_GRAIN;
    int64_t end = begin + GD_GRAD_NORM_GRAIN < count ? begin + GD_GRAD_NORM_GRAIN : count;
    double sum = 0;
    for (int64_t i = begin + threadIdx.x; i < end; i += THREADS)
        sum += (double)dw[i] * (double)dw[i];
    sum = sum_of_block(sum);
    if (threadIdx.x == 0)
        partial[blockIdx.x] = sum;
}

__global__ void __launch_bounds__(THREADS)
    decide_kernel(const double *partial, int64_t pieces, gd_grad_norm_params p, gd_tally *tally)
{
    double sum = 0;
    for (int64_t i = threadIdx.x; i < pieces; i += THREADS)
        sum += partial[i];
    sum = sum_of_block(sum);
    if (threadIdx.x == 0)
        gd_grad_norm_decide(p, sum, tally);
}

} // namespace

gd_status gd_grad_norm_update_simt(const gd_call *call, const gd_ctx *ctx)
{
    const gd_grad_norm_params *p = (const gd_grad_norm_params *)call->problem->params;
    int64_t count = gd_desc_count(call->problem->desc[GRAD_NORM_DW]), pieces = gd_ceil(count, GD_GRAD_NORM_GRAIN);
    double *work = (double *)call->at[GD_WORK];
    GD_TRY(gd_launched(GD_LAUNCH(pieces_kernel, (unsigned)pieces, THREADS, 0, gd_stream_of(ctx),
                                 (const float *)call->at[GRAD_NORM_DW], count, work)));
    return gd_launched(
        GD_LAUNCH(decide_kernel, 1, THREADS, 0, gd_stream_of(ctx), (const double *)work, pieces, *p, ctx->tally));
}
