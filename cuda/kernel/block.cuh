// SPDX-License-Identifier: Apache-2.0
/* Blocks of parameters, element by element in f32: y[i] = f(i). */
#ifndef GD_CUDA_BLOCK_CUH
#define GD_CUDA_BLOCK_CUH

#include "launch.cuh"

enum { GD_BLOCK_THREADS = 256 };

template <class F> __global__ void __launch_bounds__(GD_BLOCK_THREADS) gd_block_kernel(int64_t n, F f)
{
    int64_t stride = (int64_t)gridDim.x * blockDim.x;
    GD_ROLLED
    for (int64_t i = (int64_t)blockIdx.x * blockDim.x + threadIdx.x; i < n; i += stride)
        f(i);
}

template <class F> gd_status gd_block_each(const gd_ctx *ctx, int64_t n, F f)
{
    return gd_launched(
        GD_LAUNCH((gd_block_kernel<F>), gd_blocks(n, GD_BLOCK_THREADS), GD_BLOCK_THREADS, 0, gd_stream_of(ctx), n, f));
}

#endif
