// SPDX-License-Identifier: Apache-2.0
/* C(M,N) = A(M,K) B(K,N) on tensor cores, where an Op says what lies where: a convolution is one whose A or B is
 * gathered from an image ("implicit GEMM"). 16-bit storage, f32 sums.
 *
 *                     N  64 ──►            a block: 64 x 64 of C by 4 warps of 32 x 32
 *            K 32 ┌───────────┐            steps of 32 along K; the next one is copied while this one is multiplied
 *              │  │ B[k][n]   │
 *      ┌──────┐▼  ├─────┬─────┤            shared: A and B twice each, 20 KB; then the sums of C, 17 KB
 *   M  │A     │   │ w 0 │ w 1 │
 *   64 │[m][k]│   ├─────┼─────┤
 *   ▼  │      │   │ w 2 │ w 3 │
 *      └──────┘   └─────┴─────┘
 *
 * Memory moves in vectors of 8 elements. Which way they lie, an Op's `a_major` and `b_major` say: along K for a
 * row-major A and a column-major B, along M or N else. Sizes along vectors are multiples of 8.
 *
 *     int M, N, K;                  and pieces of K, one per blockIdx.z: int piece_K
 *     const T *a(int m, int k, bool &inside) const        where 8 elements of A lie; inside false: they are zeros
 *     const T *b(int k, int n, bool &inside) const
 *     void put(int m, int n, int piece, const float *sums) const     8 sums along n
 */
#ifndef GD_CUDA_GEMM_MMA_CUH
#define GD_CUDA_GEMM_MMA_CUH

#include "launch.cuh"

enum { GD_MMA_M = 64, GD_MMA_N = 64, GD_MMA_K = 32, GD_MMA_THREADS = 128, GD_MMA_VECTOR = 8 };

/* A tile of `lines` vectors-wide lines, padded against bank conflicts. */
template <int LINES, int LENGTH> struct gd_mma_tile {
    static constexpr int ld = LENGTH + 8, elements = LINES * ld, vectors = LINES * LENGTH / GD_MMA_VECTOR;
};
using gd_mma_along_k = gd_mma_tile<GD_MMA_M, GD_MMA_K>;  /* a line per m or n */
using gd_mma_across_k = gd_mma_tile<GD_MMA_K, GD_MMA_M>; /* a line per k */
enum { GD_MMA_TILE = gd_mma_along_k::elements, GD_MMA_C_LD = GD_MMA_N + 4 };
static_assert(GD_MMA_M == GD_MMA_N && GD_MMA_TILE >= (int)gd_mma_across_k::elements, "one size of tile for A and B");

template <class T, class Op>
__device__ inline void gd_mma_fetch(const Op &op, T *a, T *b, int m0, int n0, int k0, int k_end)
{
    constexpr bool a_along_k = Op::a_major == GD_ROW_MAJOR, b_along_k = Op::b_major == GD_COLUMN_MAJOR;
    for (int i = (int)threadIdx.x; i < gd_mma_along_k::vectors; i += GD_MMA_THREADS) {
        constexpr int a_row = (a_along_k ? GD_MMA_K : GD_MMA_M) / GD_MMA_VECTOR;
        constexpr int b_row = (b_along_k ? GD_MMA_K : GD_MMA_N) / GD_MMA_VECTOR;
        int a_line = i / a_row, a_at = i % a_row * GD_MMA_VECTOR, b_line = i / b_row, b_at = i % b_row * GD_MMA_VECTOR;
        int a_k = k0 + (a_along_k ? a_at : a_line), b_k = k0 + (b_along_k ? b_at : b_line);
        bool a_inside = a_k < k_end, b_inside = b_k < k_end;
        const T *from_a = op.a(m0 + (a_along_k ? a_line : a_at), a_k, a_inside);
        const T *from_b = op.b(b_k, n0 + (b_along_k ? b_line : b_at), b_inside);
        gd_copy_async16(a + a_line * (a_along_k ? gd_mma_along_k::ld : gd_mma_across_k::ld) + a_at, from_a, a_inside);
        gd_copy_async16(b + b_line * (b_along_k ? gd_mma_along_k::ld : gd_mma_across_k::ld) + b_at, from_b, b_inside);
    }
}

/* c += a b for the warp's 32 x 32 of one step. */
template <class T, class Op>
__device__ inline void gd_mma_multiply(const T *a, const T *b, int m, int n, gd_frag_c (&c)[2][2])
{
    constexpr bool a_along_k = Op::a_major == GD_ROW_MAJOR, b_along_k = Op::b_major == GD_COLUMN_MAJOR;
    constexpr int a_ld = a_along_k ? gd_mma_along_k::ld : gd_mma_across_k::ld;
    constexpr int b_ld = b_along_k ? gd_mma_along_k::ld : gd_mma_across_k::ld;
    for (int k = 0; k < GD_MMA_K; k += 16) {
        gd_frag_a<T, Op::a_major> fa[2];
        gd_frag_b<T, Op::b_major> fb[2];
        for (int i = 0; i < 2; i++) {
            gd_frag_load_a(fa[i], a_along_k ? a + (m + 16 * i) * a_ld + k : a + k * a_ld + m + 16 * i, a_ld);
            gd_frag_load_b(fb[i], b_along_k ? b + (n + 16 * i) * b_ld + k : b + k * b_ld + n + 16 * i, b_ld);
        }
        for (int i = 0; i < 2; i++)
            for (int j = 0; j < 2; j++)
                gd_mma(c[i][j], fa[i], fb[j]);
    }
}

template <class T, class Op> __global__ void __launch_bounds__(GD_MMA_THREADS) gd_gemm_mma_kernel(Op op)
{
    static_assert(Op::a_major <= GD_COLUMN_MAJOR && Op::b_major <= GD_COLUMN_MAJOR, "an Op says how its vectors lie");
    if constexpr (gd_has_mma<T>) {
        constexpr int bytes = 4 * GD_MMA_TILE * (int)sizeof(T);
        static_assert(bytes >= GD_MMA_M * GD_MMA_C_LD * (int)sizeof(float), "sums fit where the tiles were");
        GD_SHARED(unsigned char, memory, [bytes]);
        T *tiles = reinterpret_cast<T *>(memory);
        int m0 = (int)blockIdx.x * GD_MMA_M, n0 = (int)blockIdx.y * GD_MMA_N, piece = (int)blockIdx.z;
        int k_begin = piece * op.piece_K, k_end = k_begin + op.piece_K < op.K ? k_begin + op.piece_K : op.K;
        int warp = (int)threadIdx.x / 32, m = warp / 2 * 32, n = warp % 2 * 32;
        gd_frag_c c[2][2];
        for (int i = 0; i < 2; i++)
            for (int j = 0; j < 2; j++)
                gd_frag_fill(c[i][j], 0);

        gd_mma_fetch<T>(op, tiles, tiles + GD_MMA_TILE, m0, n0, k_begin, k_end);
        gd_copy_commit();
        for (int k = k_begin, turn = 0; k < k_end; k += GD_MMA_K, turn ^= 1) {
            T *now = tiles + turn * 2 * GD_MMA_TILE, *next = tiles + (turn ^ 1) * 2 * GD_MMA_TILE;
            if (k + GD_MMA_K < k_end)
                gd_mma_fetch<T>(op, next, next + GD_MMA_TILE, m0, n0, k + GD_MMA_K, k_end);
            gd_copy_commit();
            gd_copy_wait<1>();
            __syncthreads();
            gd_mma_multiply<T, Op>(now, now + GD_MMA_TILE, m, n, c);
            __syncthreads();
        }
        gd_copy_wait<0>();

        float *sums = reinterpret_cast<float *>(memory);
        for (int i = 0; i < 2; i++)
            for (int j = 0; j < 2; j++)
                gd_frag_store(sums + (m + 16 * i) * GD_MMA_C_LD + n + 16 * j, GD_MMA_C_LD, c[i][j]);
        __syncthreads();
        for (int i = (int)threadIdx.x; i < GD_MMA_M * GD_MMA_N / GD_MMA_VECTOR; i += GD_MMA_THREADS) {
            int row = i / (GD_MMA_N / GD_MMA_VECTOR), column = i % (GD_MMA_N / GD_MMA_VECTOR) * GD_MMA_VECTOR;
            if (m0 + row < op.M && n0 + column < op.N)
                op.put(m0 + row, n0 + column, piece, sums + row * GD_MMA_C_LD + column);
        }
    }
}

template <class T, class Op> gd_status gd_gemm_mma(const gd_ctx *ctx, const Op &op)
{
    dim3 grid((unsigned)gd_ceil(op.M, GD_MMA_M), (unsigned)gd_ceil(op.N, GD_MMA_N),
              (unsigned)gd_ceil(op.K, op.piece_K));
    return gd_launched(GD_LAUNCH((gd_gemm_mma_kernel<T, Op>), grid, GD_MMA_THREADS, 0, gd_stream_of(ctx), op));
}

/* The same with the storage type of the problem, which is one of the two that tensor cores take. */
#define GD_WITH_HALF(type, T, ...)                                                                                     \
    do {                                                                                                               \
        if ((type) == GD_F16) {                                                                                        \
            using T = __half;                                                                                          \
            __VA_ARGS__;                                                                                               \
        } else {                                                                                                       \
            using T = __nv_bfloat16;                                                                                   \
            __VA_ARGS__;                                                                                               \
        }                                                                                                              \
    } while (0)

#endif
