// SPDX-License-Identifier: Apache-2.0
/* C(M,N) = A(M,K) B(K,N) on CUDA cores, in f32, where an Op says what lies where: a convolution is one whose A or B is
 * gathered from an image ("implicit GEMM"). Any sizes. Groups are as many products of the same sizes.
 *
 *                        N  64 (32)        a block: 64 x 64 of C, or 128 x 32 where N is small
 *                      ┌────────────┐      a thread: 4 x 4 of them, in registers
 *               K  16  │  B[k][n]   │
 *                      └────────────┘      a step: 16 along K. Threads carry the next step's A and B
 *        K  16         ┌──┬──┬──┬───┐      from memory to registers while they multiply this one's,
 *      ┌────────┐      │4x│  │  │   │      then put them into the other half of shared memory:
 *  M   │A[k][m] │      ├─4┼──┼──┼───┤      one barrier a step
 *  64  │        │      │  │  │  │   │
 * (128)└────────┘      └──┴──┴──┴───┘      shared: [2][16][M + 4] and [2][16][N + 4], 17 or 21 KB
 *
 * The 4 keep rows at multiples of 16 bytes, and spread over the banks what is stored.
 *
 * K may be cut into pieces, a block each; their sums go to different places, and somebody adds them.
 *
 * An Op has
 *
 *     int M, N, K, piece_K
 *     A a(int group) const; B b(int group) const                                       two Sides
 *     void put(int group, int piece, int m, int n, float sum) const
 *
 * and a Side, of lines (m or n) by k, finds an element by two halves that are worked out apart, as a line stays for all
 * of a thread's steps:
 *
 *     static constexpr bool along_k         elements that follow each other in memory differ in k; else in their line
 *     line line_of(int i) const; inner inner_of(int k) const; float at(line, inner) const
 */
#ifndef GD_CUDA_GEMM_SIMT_CUH
#define GD_CUDA_GEMM_SIMT_CUH

#include "launch.cuh"

enum { GD_GEMM_K = 16, GD_GEMM_THREADS = 256, GD_GEMM_NARROW = 32 };

/* The part of a step's LINES x 16 of a side that one thread carries. Neighbours among threads take neighbours in
 * memory, and a thread's elements lie either in several lines at one k, or in one line. */
template <int LINES, class Side> struct gd_gemm_load {
    static constexpr int each = LINES * GD_GEMM_K / GD_GEMM_THREADS;
    static constexpr int row = Side::along_k ? (int)GD_GEMM_K : LINES, apart = GD_GEMM_THREADS / row;
    static constexpr int lines = Side::along_k ? each : 1;
    static_assert(each > 0 && each * GD_GEMM_THREADS == LINES * GD_GEMM_K, "every thread carries as many");

    typename Side::line line[lines];
    float value[each];

    __device__ static int line_at(int i)
    {
        return Side::along_k ? (int)threadIdx.x / row + i * apart : (int)threadIdx.x % row;
    }
    __device__ static int inner_at(int i)
    {
        return Side::along_k ? (int)threadIdx.x % row : (int)threadIdx.x / row + i * apart;
    }
    __device__ void begin(const Side &side, int first)
    {
        for (int i = 0; i < lines; i++)
            line[i] = side.line_of(first + line_at(i));
    }
    /* From memory: of lines before `last`, at k before `k_end`; 0 beyond. */
    __device__ void take(const Side &side, int first, int last, int k, int k_end)
    {
        for (int i = 0; i < each; i++) {
            bool inside = first + line_at(i) < last && k + inner_at(i) < k_end;
            value[i] = inside ? side.at(line[Side::along_k ? i : 0], side.inner_of(k + inner_at(i))) : 0.0f;
        }
    }
    __device__ void put(float (&to)[GD_GEMM_K][LINES + 4]) const
    {
        for (int i = 0; i < each; i++)
            to[inner_at(i)][line_at(i)] = value[i];
    }
};

template <int M, int N, class Op> __global__ void __launch_bounds__(GD_GEMM_THREADS, 2) gd_gemm_simt_kernel(Op op)
{
    static_assert(M * N == 16 * GD_GEMM_THREADS, "4 x 4 a thread");
    GD_SHARED(float, shared_a, [2][GD_GEMM_K][M + 4]);
    GD_SHARED(float, shared_b, [2][GD_GEMM_K][N + 4]);
    int tiles_m = (op.M + M - 1) / M, tiles_n = (op.N + N - 1) / N, tile = (int)blockIdx.x, piece = (int)blockIdx.y;
    int n0 = tile % tiles_n * N, m0 = tile / tiles_n % tiles_m * M, group = tile / tiles_n / tiles_m;
    int k_begin = piece * op.piece_K, k_end = op.K - k_begin < op.piece_K ? op.K : k_begin + op.piece_K;
    int m = (int)threadIdx.x / (N / 4) * 4, n = (int)threadIdx.x % (N / 4) * 4;

    const auto side_a = op.a(group);
    const auto side_b = op.b(group);
    gd_gemm_load<M, decltype(op.a(0))> a;
    gd_gemm_load<N, decltype(op.b(0))> b;
    float sum[4][4] = {};
    a.begin(side_a, m0);
    b.begin(side_b, n0);
    a.take(side_a, m0, op.M, k_begin, k_end);
    b.take(side_b, n0, op.N, k_begin, k_end);
    int turn = 0;
    for (int k = k_begin; k < k_end; k += GD_GEMM_K, turn ^= 1) {
        a.put(shared_a[turn]);
        b.put(shared_b[turn]);
        __syncthreads(); /* and so all are done with the other half, which the next turn writes */
        if (k_end - k > GD_GEMM_K) {
            a.take(side_a, m0, op.M, k + GD_GEMM_K, k_end);
            b.take(side_b, n0, op.N, k + GD_GEMM_K, k_end);
        }
        for (int i = 0; i < GD_GEMM_K; i++) {
            const gd_vector<float> of_a = gd_vector_load(&shared_a[turn][i][m]);
            const gd_vector<float> of_b = gd_vector_load(&shared_b[turn][i][n]);
            for (int y = 0; y < 4; y++)
                for (int x = 0; x < 4; x++)
                    sum[y][x] += of_a.at[y] * of_b.at[x];
        }
    }
    for (int y = 0; y < 4; y++)
        for (int x = 0; x < 4; x++)
            if (m0 + m + y < op.M && n0 + n + x < op.N)
                op.put(group, piece, m0 + m + y, n0 + n + x, sum[y][x]);
}

/* Tiles of one product: the grid's width is this times the groups. */
static inline int64_t gd_gemm_simt_tiles(int64_t M, int64_t N)
{
    return N <= GD_GEMM_NARROW ? gd_ceil(M, 128) : gd_ceil(M, 64) * gd_ceil(N, 64);
}

template <class Op> gd_status gd_gemm_simt(const gd_ctx *ctx, const Op &op, int groups)
{
    dim3 grid((unsigned)(groups * gd_gemm_simt_tiles(op.M, op.N)), (unsigned)gd_ceil(op.K, op.piece_K));
    if (op.N <= GD_GEMM_NARROW)
        return gd_launched(
            GD_LAUNCH((gd_gemm_simt_kernel<128, 32, Op>), grid, GD_GEMM_THREADS, 0, gd_stream_of(ctx), op));
    return gd_launched(GD_LAUNCH((gd_gemm_simt_kernel<64, 64, Op>), grid, GD_GEMM_THREADS, 0, gd_stream_of(ctx), op));
}

/* ---- sides ---- */

/* A matrix whose lines lie one after the other, `apart` elements from one to the next. */
template <class T> struct gd_gemm_matrix {
    static constexpr bool along_k = true;
    const T *from;
    int64_t apart;

    typedef const T *line;
    typedef int inner;
    __device__ line line_of(int i) const { return from + i * apart; }
    __device__ inner inner_of(int k) const { return k; }
    __device__ float at(line l, inner i) const { return gd_load(l[i]); }
};

/* Another side, lines and k exchanged. */
template <class Side> struct gd_gemm_transposed {
    static constexpr bool along_k = !Side::along_k;
    Side side;

    typedef typename Side::inner line;
    typedef typename Side::line inner;
    __device__ line line_of(int i) const { return side.inner_of(i); }
    __device__ inner inner_of(int k) const { return side.line_of(k); }
    __device__ float at(line l, inner i) const { return side.at(i, l); }
};

#endif
