// SPDX-License-Identifier: Apache-2.0
/* A row a team: of one warp where rows are short, eight to a block; of a whole block where they are long.
 *
 *     WARPS 1    block (32, 8)    threadIdx.y is the row's        a warp may leave the others behind
 *     WARPS 8    block (256, 1)
 *
 * In both a lane of the team is threadIdx.x, of 32 * WARPS.
 */
#ifndef GD_CUDA_ROWS_CUH
#define GD_CUDA_ROWS_CUH

#include "launch.cuh"

#include <math.h>

enum { GD_ROWS_THREADS = 256, GD_ROWS_LONG = 1024 };

/* All of a team call these, and all get the answer. */
template <int WARPS, class F> __device__ float gd_team_reduce(float value, F combine)
{
    if constexpr (WARPS > 1) {
        GD_SHARED(float, of_warp, [WARPS]);
        __syncthreads(); /* the last answer has been read */
        if (threadIdx.x % 32 == 0)
            of_warp[threadIdx.x / 32] = value;
        __syncthreads();
        value = of_warp[0];
        for (int i = 1; i < WARPS; i++)
            value = combine(value, of_warp[i]);
    }
    return value;
}

struct gd_team_add {
    __device__ float operator()(float a, float b) const { return a + b; }
};
struct gd_team_larger {
    __device__ float operator()(float a, float b) const { return a > b ? a : b; }
};

template <int WARPS> __device__ float gd_team_sum(float value)
{
    return gd_team_reduce<WARPS>(gd_warp_sum(value), gd_team_add());
}

template <int WARPS> __device__ float gd_team_max(float value)
{
    return gd_team_reduce<WARPS>(gd_warp_max(value), gd_team_larger());
}

/* The first row of this team, and how many rows further its next one is. */
__device__ inline int64_t gd_team_row() { return (int64_t)blockIdx.x * blockDim.y + threadIdx.y; }
__device__ inline int64_t gd_team_rows() { return (int64_t)gridDim.x * blockDim.y; }

/* Launches kernel<WARPS, T> as the length of its rows wants it. */
#define GD_LAUNCH_ROWS(kernel, T, rows, length, ctx, ...)                                                              \
    ((length) > GD_ROWS_LONG                                                                                           \
         ? gd_launched(GD_LAUNCH((kernel<GD_ROWS_THREADS / 32, T>), gd_blocks(rows, 1), dim3(GD_ROWS_THREADS), 0,      \
                                 gd_stream_of(ctx), __VA_ARGS__))                                                      \
         : gd_launched(GD_LAUNCH((kernel<1, T>), gd_blocks(rows, GD_ROWS_THREADS / 32),                                \
                                 dim3(32, GD_ROWS_THREADS / 32), 0, gd_stream_of(ctx), __VA_ARGS__)))

/* The largest of some numbers, and the sum of exp((number - largest) * scale), in one pass: what has been summed
 * shrinks when a larger one is met (Milakov, Gimelshein, "Online normalizer calculation for softmax", 2018). A NaN is
 * never the largest, but the sum is NaN then. */
struct gd_exp_sum {
    float largest, sum;

    /* More numbers at once, so that the sum shrinks seldom. */
    template <int N> __device__ void take(const float (&value)[N], int n, float scale)
    {
        float most = largest;
        for (int i = 0; i < N; i++)
            most = i < n && value[i] > most ? value[i] : most;
        if (most > largest) {
            sum *= expf((largest - most) * scale);
            largest = most;
        }
        for (int i = 0; i < N; i++) {
            if (i < n) /* of two infinities the difference is none */
                sum += value[i] == largest ? 1 : expf((value[i] - largest) * scale);
        }
    }
};

template <int WARPS> __device__ gd_exp_sum gd_team_exp_sum(gd_exp_sum mine, float scale)
{
    gd_exp_sum all;
    all.largest = gd_team_max<WARPS>(mine.largest);
    all.sum = gd_team_sum<WARPS>(
        mine.sum > 0 || mine.sum != mine.sum ? mine.sum * expf((mine.largest - all.largest) * scale) : 0);
    return all;
}

#endif
