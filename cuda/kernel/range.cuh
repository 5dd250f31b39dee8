// SPDX-License-Identifier: Apache-2.0
/* Blocks of parameters, element by element: a thread takes one, then one a grid further. What changes from step to step
 * lies in the record and the tally, on the card, so a thread reads it there before its first element. An Op says what
 * to do:
 *
 *     bool skips() const                      all of it is left as it is
 *     struct now; now begin() const           what every element needs
 *     void take(int64_t i, now) const
 */
#ifndef GD_CUDA_RANGE_CUH
#define GD_CUDA_RANGE_CUH

#include "launch.cuh"

enum { GD_RANGE_THREADS = 256 };

template <class Op>
__global__ void __launch_bounds__(GD_RANGE_THREADS) gd_range_kernel(int64_t begin, int64_t end, Op op)
{
    int64_t stride = (int64_t)gridDim.x * blockDim.x;
    if (op.skips())
        return;
    const typename Op::now now = op.begin();
    GD_ROLLED
    for (int64_t i = begin + (int64_t)blockIdx.x * blockDim.x + threadIdx.x; i < end; i += stride)
        op.take(i, now);
}

template <class Op> gd_status gd_range_run(const gd_ctx *ctx, int64_t begin, int64_t end, Op op)
{
    return gd_launched(GD_LAUNCH((gd_range_kernel<Op>), gd_blocks(end - begin, GD_RANGE_THREADS), GD_RANGE_THREADS, 0,
                                 gd_stream_of(ctx), begin, end, op));
}

#endif
