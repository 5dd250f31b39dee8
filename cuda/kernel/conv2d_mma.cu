// SPDX-License-Identifier: Apache-2.0
/* conv2d on tensor cores, three directions of one implicit GEMM (gemm_mma.cuh). Vectors of 8 run along channels, so C
 * and K are multiples of 8, and there is one group; what is not like that is left to other entries.
 *
 *     fprop   y(pixels, K)    = x gathered (pixels, RSC)      w (RSC, K), which KRSC holds column by column
 *     dgrad   dx(pixels, C)   = dy gathered (pixels, RSK)     w (RSK, C), row by row
 *     wgrad   dw(K, RSC)      = dy (K, pixels)                x gathered (pixels, RSC)       in pieces of the pixels
 */
#include "columns.cuh"
#include "gemm_mma.cuh"
#include "kernel/conv2d.h"

#include <limits.h>

namespace
{

/* A convolution's sizes in ints, and the way from numbers to places. */
struct shape {
    int N, H, W, C, K, R, S, P, Q, stride, pad, dilation;

    /* Where x is read for output pixel m and tap t, or -1 outside the image. */
    __device__ int64_t x_pixel(int m, int t) const
    {
        int q = m % Q, p = m / Q % P, n = m / Q / P, s = t % S, r = t / S;
        int h = p * stride + r * dilation - pad, w = q * stride + s * dilation - pad;
        return h < 0 || h >= H || w < 0 || w >= W ? -1 : ((int64_t)n * H + h) * W + w;
    }
    /* Which output pixel reads input pixel m at tap t, or -1: none does. */
    __device__ int64_t y_pixel(int m, int t) const
    {
        int w = m % W, h = m / W % H, n = m / W / H, s = t % S, r = t / S;
        int p = h + pad - r * dilation, q = w + pad - s * dilation;
        if (p < 0 || q < 0)
            return -1;
        int row = p / stride, column = q / stride;
        if (row * stride != p || column * stride != q || row >= P || column >= Q)
            return -1;
        return ((int64_t)n * P + row) * Q + column;
    }
};

shape shape_of(const gd_problem *problem)
{
    const gd_conv2d_params *p = (const gd_conv2d_params *)problem->params;
    const gd_conv2d_sizes z = gd_conv2d_sizes_of(problem);
    return shape{(int)z.N, (int)z.H, (int)z.W, (int)z.C,  (int)z.K, (int)z.R,
                 (int)z.S, (int)z.P, (int)z.Q, p->stride, p->pad,   p->dilation};
}

template <class T> struct fprop {
    static constexpr gd_major a_major = GD_ROW_MAJOR;
    static constexpr gd_major b_major = GD_COLUMN_MAJOR;
    shape z;
    int M, N, K, piece_K;
    const T *x, *w, *residual;
    const float *bias;
    T *y;
    bool relu;

    __device__ const T *a(int m, int k, bool &inside) const
    {
        int64_t pixel = inside && m < M ? z.x_pixel(m, k / z.C) : -1;
        inside = pixel >= 0;
        return inside ? x + pixel * z.C + k % z.C : x;
    }
    __device__ const T *b(int k, int n, bool &inside) const
    {
        inside = inside && n < N;
        return inside ? w + (int64_t)n * K + k : w;
    }
    __device__ void put(int m, int n, int, const float *sums) const
    {
        int64_t at = (int64_t)m * N + n;
        gd_vector<T> result, more;
        if (residual)
            more = gd_vector_load(residual + at);
        for (int i = 0; i < GD_MMA_VECTOR; i++) {
            float sum = sums[i] + (bias ? bias[n + i] : 0.0f) + (residual ? gd_load(more.at[i]) : 0.0f);
            result.at[i] = gd_store<T>(relu && sum < 0 ? 0.0f : sum);
        }
        gd_vector_store(y + at, result);
    }
};

template <class T> struct dgrad {
    static constexpr gd_major a_major = GD_ROW_MAJOR;
    static constexpr gd_major b_major = GD_ROW_MAJOR;
    shape z;
    int M, N, K, piece_K;
    const T *dy, *w;
    T *dx;

    __device__ const T *a(int m, int k, bool &inside) const
    {
        int64_t pixel = inside && m < M ? z.y_pixel(m, k / z.K) : -1;
        inside = pixel >= 0;
        return inside ? dy + pixel * z.K + k % z.K : dy;
    }
    __device__ const T *b(int k, int n, bool &inside) const
    {
        inside = inside && n < N;
        return inside ? w + ((int64_t)(k % z.K) * z.R * z.S + k / z.K) * z.C + n : w;
    }
    __device__ void put(int m, int n, int, const float *sums) const
    {
        gd_vector<T> result;
        for (int i = 0; i < GD_MMA_VECTOR; i++)
            result.at[i] = gd_store<T>(sums[i]);
        gd_vector_store(dx + (int64_t)m * N + n, result);
    }
};

template <class T> struct wgrad {
    static constexpr gd_major a_major = GD_COLUMN_MAJOR;
    static constexpr gd_major b_major = GD_ROW_MAJOR;
    shape z;
    int M, N, K, piece_K;
    const T *x, *dy;
    float *to; /* dw, or its pieces */

    __device__ const T *a(int m, int k, bool &inside) const
    {
        inside = inside && m < M;
        return inside ? dy + (int64_t)k * M + m : dy;
    }
    __device__ const T *b(int k, int n, bool &inside) const
    {
        int64_t pixel = inside && n < N ? z.x_pixel(k, n / z.C) : -1;
        inside = pixel >= 0;
        return inside ? x + pixel * z.C + n % z.C : x;
    }
    __device__ void put(int m, int n, int piece, const float *sums) const
    {
        float *at = to + ((int64_t)piece * M + m) * N + n;
        for (int i = 0; i < GD_MMA_VECTOR; i++)
            at[i] = sums[i];
    }
};

/* In the order of the pieces. */
__global__ void add_pieces_kernel(const float *pieces, float *dw, int64_t n, int count)
{
    int64_t stride = (int64_t)gridDim.x * blockDim.x;
    GD_ROLLED
    for (int64_t i = (int64_t)blockIdx.x * blockDim.x + threadIdx.x; i < n; i += stride) {
        float sum = 0;
        for (int piece = 0; piece < count; piece++)
            sum += pieces[piece * n + i];
        dw[i] = sum;
    }
}

template <class T> struct bias_gradient : gd_columns_sums {
    const T *dy;
    float *db;
    int64_t K;
    __device__ void take(float &sum, float &, int64_t row, int k, int) const { sum += gd_load(dy[row * K + k]); }
    __device__ void finish(int64_t, int k, double sum, double, int64_t) const { db[k] = (float)sum; }
};

/* ---- weights in the storage type, KRSC as they are ---- */

template <class T> __global__ void cast_kernel(const float *from, T *to, int64_t n)
{
    int64_t stride = (int64_t)gridDim.x * blockDim.x;
    GD_ROLLED
    for (int64_t i = (int64_t)blockIdx.x * blockDim.x + threadIdx.x; i < n; i += stride)
        to[i] = gd_store<T>(from[i]);
}

enum { THREADS = 256 };
const int64_t MOST_PIECES = 256, SHORTEST_PIECE = 256, BLOCKS_WANTED = 512;

gd_status cast_weights(const void *state, void *to, const float *from, gd_desc desc, const gd_ctx *ctx)
{
    int64_t n = gd_desc_count(desc);
    GD_WITH_HALF(*(const gd_type *)state, T,
                 return gd_launched(GD_LAUNCH((cast_kernel<T>), gd_blocks(n, THREADS), THREADS, 0, gd_stream_of(ctx),
                                              from, (T *)to, n)));
}

void ask_for_weights(const gd_problem *problem, gd_needs *needs)
{
    static const gd_type types[GD_TYPES] = {GD_F32, GD_BF16, GD_F16, GD_F64, GD_U8, GD_I32, GD_I64};
    gd_desc w = problem->desc[CONV2D_W];
    w.type = problem->type;
    needs->pack[0] = gd_pack{"cast", "krsc", problem->type, gd_desc_bytes(w), &types[problem->type], cast_weights};
}

/* ---- pieces of wgrad: by the problem alone, so that every card adds in the same order ---- */

int64_t count_pieces(const gd_conv2d_sizes &z)
{
    int64_t tiles = gd_ceil(z.K, GD_MMA_M) * gd_ceil(z.R * z.S * z.C, GD_MMA_N);
    int64_t pieces = gd_ceil(BLOCKS_WANTED, tiles), most = gd_ceil(z.N * z.P * z.Q, SHORTEST_PIECE);
    pieces = pieces < most ? pieces : most;
    return pieces < MOST_PIECES ? pieces : MOST_PIECES;
}

int64_t piece_pixels(const gd_conv2d_sizes &z)
{
    return gd_ceil(gd_ceil(z.N * z.P * z.Q, count_pieces(z)), GD_MMA_K) * GD_MMA_K;
}

int64_t real_pieces(const gd_conv2d_sizes &z) { return gd_ceil(z.N * z.P * z.Q, piece_pixels(z)); }

size_t pieces_bytes(const gd_conv2d_sizes &z)
{
    return real_pieces(z) > 1 ? (size_t)(real_pieces(z) * z.K * z.R * z.S * z.C) * sizeof(float) : 0;
}

gd_columns bias_columns(const gd_conv2d_sizes &z) { return gd_columns_of(z.N * z.P * z.Q, z.N * z.P * z.Q, z.K); }

template <class T> gd_status forward(const gd_call *call, const gd_ctx *ctx)
{
    const gd_conv2d_params *p = (const gd_conv2d_params *)call->problem->params;
    const shape z = shape_of(call->problem);
    int K = z.R * z.S * z.C;
    const fprop<T> op = {z,
                         z.N * z.P * z.Q,
                         z.K,
                         K,
                         K,
                         (const T *)call->at[CONV2D_X],
                         (const T *)call->at[CONV2D_W],
                         (const T *)call->at[CONV2D_RESIDUAL],
                         (const float *)call->at[CONV2D_B],
                         (T *)call->at[CONV2D_Y],
                         p->activation == GD_ACTIVATION_RELU};
    return gd_gemm_mma<T>(ctx, op);
}

template <class T> gd_status backward_data(const gd_call *call, const gd_ctx *ctx)
{
    const shape z = shape_of(call->problem);
    int K = z.R * z.S * z.K;
    const dgrad<T> op = {z,
                         z.N * z.H * z.W,
                         z.C,
                         K,
                         K,
                         (const T *)call->at[CONV2D_DY],
                         (const T *)call->at[CONV2D_W],
                         (T *)call->at[CONV2D_DX]};
    return gd_gemm_mma<T>(ctx, op);
}

template <class T> gd_status backward_weight(const gd_call *call, const gd_ctx *ctx)
{
    const gd_conv2d_sizes sizes = gd_conv2d_sizes_of(call->problem);
    const shape z = shape_of(call->problem);
    int64_t pieces = real_pieces(sizes);
    float *dw = (float *)call->at[CONV2D_DW], *work = (float *)call->at[GD_WORK];
    if (dw) {
        const wgrad<T> op = {z,
                             z.K,
                             z.R * z.S * z.C,
                             z.N * z.P * z.Q,
                             (int)piece_pixels(sizes),
                             (const T *)call->at[CONV2D_X],
                             (const T *)call->at[CONV2D_DY],
                             pieces > 1 ? work : dw};
        GD_TRY(gd_gemm_mma<T>(ctx, op));
        int64_t n = (int64_t)op.M * op.N;
        if (pieces > 1)
            GD_TRY(gd_launched(GD_LAUNCH(add_pieces_kernel, gd_blocks(n, THREADS), THREADS, 0, gd_stream_of(ctx), work,
                                         dw, n, (int)pieces)));
    }
    if (!call->at[CONV2D_DB])
        return GD_OK;
    bias_gradient<T> sums;
    sums.dy = (const T *)call->at[CONV2D_DY];
    sums.db = (float *)call->at[CONV2D_DB];
    sums.K = sizes.K;
    return gd_columns_run(ctx, bias_columns(sizes), sums, work);
}

} // namespace

const char *gd_conv2d_mma_accepts(const gd_problem *problem)
{
    const gd_conv2d_sizes z = gd_conv2d_sizes_of(problem);
    if (z.group_C != z.C)
        return "needs one group";
    if (z.C % GD_MMA_VECTOR != 0 || z.K % GD_MMA_VECTOR != 0)
        return "needs channels in multiples of 8";
    if (z.N * z.H * z.W > INT_MAX || z.N * z.P * z.Q > INT_MAX || z.R * z.S * z.C > INT_MAX ||
        z.R * z.S * z.K > INT_MAX)
        return "more than 2^31 pixels";
    return NULL;
}

gd_status gd_conv2d_fwd_mma_prepare(const gd_problem *problem, int, gd_needs *needs, gd_error *)
{
    ask_for_weights(problem, needs);
    return GD_OK;
}

gd_status gd_conv2d_bwd_data_mma_prepare(const gd_problem *problem, int, gd_needs *needs, gd_error *)
{
    ask_for_weights(problem, needs);
    return GD_OK;
}

/* WORK: first the pieces of dw, then, in their place, what db needs. */
gd_status gd_conv2d_bwd_weight_mma_prepare(const gd_problem *problem, int, gd_needs *needs, gd_error *)
{
    const gd_conv2d_sizes z = gd_conv2d_sizes_of(problem);
    size_t pieces = pieces_bytes(z), sums = problem->desc[CONV2D_DB].rank ? gd_columns_work(bias_columns(z)) : 0;
    needs->work_bytes = pieces > sums ? pieces : sums;
    return GD_OK;
}

gd_status gd_conv2d_fwd_mma(const gd_call *call, const gd_ctx *ctx)
{
    GD_WITH_HALF(call->problem->type, T, return forward<T>(call, ctx));
}

gd_status gd_conv2d_bwd_data_mma(const gd_call *call, const gd_ctx *ctx)
{
    GD_WITH_HALF(call->problem->type, T, return backward_data<T>(call, ctx));
}

gd_status gd_conv2d_bwd_weight_mma(const gd_call *call, const gd_ctx *ctx)
{
    GD_WITH_HALF(call->problem->type, T, return backward_weight<T>(call, ctx));
}
