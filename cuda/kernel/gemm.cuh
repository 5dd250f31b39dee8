// SPDX-License-Identifier: Apache-2.0
/* C(M,N) = A(M,K) B(K,N) on plain cores, where an Op says what lies where; any sizes, any storage, f32 sums.
 *
 *                  N 64 ──►              a block: 64 x 64 of C, 256 threads with 4 x 4 sums each
 *             K 16 ┌────────┐            steps of 16 along K, through shared memory as f32
 *               │  │B[k][n] │
 *      ┌─────┐  ▼  ├────────┤            thread (x, y) of 16 x 16 has rows 4y … 4y+3, columns 4x … 4x+3
 *   M  │A    │     │   C    │
 *   64 │[m,k]│     │        │
 *   ▼  └─────┘     └────────┘            blockIdx.z: groups of the convolution times pieces of K
 *
 * An Op:
 *
 *     int M, N, K, piece_K, groups;
 *     static constexpr bool a_along_k, b_along_k        which way neighbours in memory lie: along K, or along M or N
 *     float a(int g, int m, int k) const                an element of A, 0 outside its image; m < M and k < K
 *     float b(int g, int k, int n) const
 *     void put(int g, int piece, int m, int n, float sum) const
 */
#ifndef GD_CUDA_GEMM_CUH
#define GD_CUDA_GEMM_CUH

#include "launch.cuh"

enum { GD_GEMM_SIDE = 64, GD_GEMM_K = 16, GD_GEMM_THREADS = 256, GD_GEMM_LD = GD_GEMM_SIDE + 4 };

template <class Op> __global__ void __launch_bounds__(GD_GEMM_THREADS) gd_gemm_kernel(Op op)
{
    enum { SHARE = GD_GEMM_SIDE * GD_GEMM_K / GD_GEMM_THREADS, MINE = 4 };
    GD_SHARED(float, a, [GD_GEMM_K][GD_GEMM_LD]);
    GD_SHARED(float, b, [GD_GEMM_K][GD_GEMM_LD]);
    int m0 = (int)blockIdx.x * GD_GEMM_SIDE, n0 = (int)blockIdx.y * GD_GEMM_SIDE;
    int g = (int)blockIdx.z % op.groups, piece = (int)blockIdx.z / op.groups;
    int k_begin = piece * op.piece_K, k_end = op.K - k_begin < op.piece_K ? op.K : k_begin + op.piece_K;
    int x = (int)threadIdx.x % 16 * MINE, y = (int)threadIdx.x / 16 * MINE;
    float sum[MINE][MINE] = {};
    GD_ROLLED
    for (int k0 = k_begin; k0 < k_end; k0 += GD_GEMM_K) {
        for (int i = 0; i < SHARE; i++) {
            int at = (int)threadIdx.x + i * GD_GEMM_THREADS;
            int fast_k = at % GD_GEMM_K, slow = at / GD_GEMM_K, fast = at % GD_GEMM_SIDE, slow_k = at / GD_GEMM_SIDE;
            int a_k = Op::a_along_k ? fast_k : slow_k, m = Op::a_along_k ? slow : fast;
            int b_k = Op::b_along_k ? fast_k : slow_k, n = Op::b_along_k ? slow : fast;
            bool a_inside = k0 + a_k < k_end && m0 + m < op.M, b_inside = k0 + b_k < k_end && n0 + n < op.N;
            a[a_k][m] = a_inside ? op.a(g, m0 + m, k0 + a_k) : 0.0f;
            b[b_k][n] = b_inside ? op.b(g, k0 + b_k, n0 + n) : 0.0f;
        }
        __syncthreads();
        for (int k = 0; k < GD_GEMM_K; k++)
            for (int i = 0; i < MINE; i++)
                for (int j = 0; j < MINE; j++)
                    sum[i][j] += a[k][y + i] * b[k][x + j];
        __syncthreads();
    }
    for (int i = 0; i < MINE; i++)
        for (int j = 0; j < MINE; j++)
            if (m0 + y + i < op.M && n0 + x + j < op.N)
                op.put(g, piece, m0 + y + i, n0 + x + j, sum[i][j]);
}

template <class Op> gd_status gd_gemm(const gd_ctx *ctx, const Op &op)
{
    dim3 grid((unsigned)gd_ceil(op.M, GD_GEMM_SIDE), (unsigned)gd_ceil(op.N, GD_GEMM_SIDE),
              (unsigned)(op.groups * gd_ceil(op.K, op.piece_K)));
    return gd_launched(GD_LAUNCH((gd_gemm_kernel<Op>), grid, GD_GEMM_THREADS, 0, gd_stream_of(ctx), op));
}

#endif
