// SPDX-License-Identifier: Apache-2.0
/* Sums and largest values over a warp and a block. The order of additions is fixed, so the same values give the same
 * bits on every run; every lane, every thread, gets the result.
 */
#ifndef GD_REDUCE_CUH
#define GD_REDUCE_CUH

#include "machine.cuh"

/* All 32 lanes call these. */
__device__ __forceinline__ float gd_warp_sum(float value)
{
    for (int flip = 16; flip > 0; flip /= 2)
        value += __shfl_xor_sync(0xffffffff, value, flip);
    return value;
}

__device__ __forceinline__ float gd_warp_max(float value)
{
    for (int flip = 16; flip > 0; flip /= 2)
        value = fmaxf(value, __shfl_xor_sync(0xffffffff, value, flip));
    return value;
}

/* All threads of a block whose size is a multiple of 32 call it; threads are numbered along x. It begins with a
 * barrier, so that it can be called again at once. */
__device__ __forceinline__ float gd_block_sum(float value)
{
    GD_SHARED(float, gd_warp_sums, [32]);
    int n_warps = static_cast<int>(blockDim.x) / 32, warp = static_cast<int>(threadIdx.x) / 32,
        lane = static_cast<int>(threadIdx.x) % 32;
    value = gd_warp_sum(value);
    __syncthreads();
    if (lane == 0)
        gd_warp_sums[warp] = value;
    __syncthreads();
    return gd_warp_sum(lane < n_warps ? gd_warp_sums[lane] : 0.0f);
}

#endif
