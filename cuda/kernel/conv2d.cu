// SPDX-License-Identifier: Apache-2.0
/* conv2d on CUDA cores, for every shape and type: three directions of one implicit GEMM (gemm_simt.cuh), a product for
 * each group; weights are read as they are, f32 and KRSC. Sums are f32.
 *
 *     fprop   y(pixels, K/G)       = x gathered (pixels, RS C/G)       w (RS C/G, K/G)
 *     dgrad   dx(pixels, C/G)      = dy gathered (pixels, RS K/G)      w (RS K/G, C/G)
 *     wgrad   dw(RS C/G, K/G)      = x gathered (RS C/G, pixels)       dy (pixels, K/G)     in pieces of the pixels
 *
 * Narrow groups waste most of a tile; those of one channel have kernels of their own (conv2d_depthwise.cuh).
 */
#include "conv2d_depthwise.cuh"
#include "gemm_simt.cuh"

#include <limits.h>

namespace
{

/* x as y's pixels see it: lines are y's pixels, k runs along the window. `from`: x from the group's first channel on.
 */
template <class T> struct windows {
    static constexpr bool along_k = true;
    const gd_conv_shape &z;
    const T *from;

    typedef gd_conv_place line;
    typedef gd_conv_tap inner;
    __device__ line line_of(int i) const { return z.y_place(i); }
    __device__ inner inner_of(int k) const { return z.x_tap(k); }
    __device__ float at(const line &y, const inner &t) const
    {
        int64_t pixel = z.seen(y, t);
        return pixel < 0 ? 0.0f : gd_load(from[pixel * z.C + t.channel]);
    }
};

/* dy as it concerns x's pixels: lines are those. */
template <class T> struct concerns {
    static constexpr bool along_k = true;
    const gd_conv_shape &z;
    const T *from;

    typedef gd_conv_place line;
    typedef gd_conv_tap inner;
    __device__ line line_of(int i) const { return z.x_place(i); }
    __device__ inner inner_of(int k) const { return z.y_tap(k); }
    __device__ float at(const line &x, const inner &t) const
    {
        int64_t pixel = z.seer(x, t);
        return pixel < 0 ? 0.0f : gd_load(from[pixel * z.K + t.channel]);
    }
};

/* w for dgrad: lines are input channels of the group, k runs along taps and filters. */
struct filters_of_channel {
    static constexpr bool along_k = false;
    const gd_conv_shape &z;
    const float *from;

    typedef int line;
    typedef int64_t inner;
    __device__ line line_of(int i) const { return i; }
    __device__ inner inner_of(int k) const
    {
        int filter, tap = z.by_group_K.of(k, filter);
        return ((int64_t)filter * z.taps + tap) * z.group_C;
    }
    __device__ float at(line c, inner i) const { return from[i + c]; }
};

template <class T> struct fprop {
    gd_conv_shape z;
    int M, N, K, piece_K;
    const T *x, *residual;
    const float *w, *bias;
    T *y;
    bool relu;

    __device__ windows<T> a(int group) const { return windows<T>{z, x + (int64_t)group * z.group_C}; }
    __device__ gd_gemm_matrix<float> b(int group) const { return gd_gemm_matrix<float>{w + (int64_t)group * N * K, K}; }
    __device__ void put(int group, int, int m, int n, float sum) const
    {
        int k = group * N + n;
        int64_t at = (int64_t)m * z.K + k;
        sum += bias ? gd_global(bias + k) : 0.0f;
        sum += residual ? gd_load(gd_global(residual + at)) : 0.0f;
        y[at] = gd_store<T>(relu && sum <= 0 ? 0.0f : sum);
    }
};

template <class T> struct dgrad {
    gd_conv_shape z;
    int M, N, K, piece_K;
    const T *dy;
    const float *w;
    T *dx;

    __device__ concerns<T> a(int group) const { return concerns<T>{z, dy + (int64_t)group * z.group_K}; }
    __device__ filters_of_channel b(int group) const { return filters_of_channel{z, w + (int64_t)group * N * K}; }
    __device__ void put(int group, int, int m, int n, float sum) const
    {
        dx[(int64_t)m * z.C + group * N + n] = gd_store<T>(sum);
    }
};

template <class T> struct wgrad {
    gd_conv_shape z;
    int M, N, K, piece_K;
    const T *x, *dy;
    float *to; /* dw, or its pieces */

    __device__ gd_gemm_transposed<windows<T>> a(int group) const
    {
        return gd_gemm_transposed<windows<T>>{windows<T>{z, x + (int64_t)group * z.group_C}};
    }
    __device__ gd_gemm_transposed<gd_gemm_matrix<T>> b(int group) const
    {
        return gd_gemm_transposed<gd_gemm_matrix<T>>{gd_gemm_matrix<T>{dy + (int64_t)group * z.group_K, z.K}};
    }
    __device__ void put(int group, int piece, int m, int n, float sum) const
    {
        to[((int64_t)piece * z.K + group * N + n) * M + m] = sum;
    }
};

bool is_depthwise(const gd_conv2d_sizes &z) { return z.group_C == 1 && z.C > 1; }

int64_t pixels_of(const gd_conv2d_sizes &z) { return z.N * z.P * z.Q; }

gd_conv_pieces pieces_of(const gd_conv_shape &z) { return gd_conv_pieces_of(z, 64, GD_GEMM_K); }

template <class T> gd_status forward(const gd_call *call, const gd_ctx *ctx)
{
    const gd_conv2d_params *p = (const gd_conv2d_params *)call->problem->params;
    const gd_conv2d_sizes sizes = gd_conv2d_sizes_of(call->problem);
    const gd_conv_shape z = gd_conv_shape_of(call->problem);
    const T *x = (const T *)call->at[CONV2D_X], *residual = (const T *)call->at[CONV2D_RESIDUAL];
    const float *w = (const float *)call->at[CONV2D_W], *b = (const float *)call->at[CONV2D_B];
    T *y = (T *)call->at[CONV2D_Y];
    bool relu = p->activation == GD_ACTIVATION_RELU;
    if (is_depthwise(sizes))
        return gd_depthwise_run(ctx, gd_depthwise_fprop<T>{z, x, residual, w, b, y, relu}, pixels_of(sizes), z.K);
    int K = z.taps * z.group_C;
    return gd_gemm_simt(ctx, fprop<T>{z, (int)pixels_of(sizes), z.group_K, K, K, x, residual, w, b, y, relu}, z.groups);
}

template <class T> gd_status backward_data(const gd_call *call, const gd_ctx *ctx)
{
    const gd_conv_shape z = gd_conv_shape_of(call->problem);
    const T *dy = (const T *)call->at[CONV2D_DY];
    const float *w = (const float *)call->at[CONV2D_W];
    T *dx = (T *)call->at[CONV2D_DX];
    int pixels = z.N * z.H * z.W, K = z.taps * z.group_K;
    if (is_depthwise(gd_conv2d_sizes_of(call->problem)))
        return gd_depthwise_run(ctx, gd_depthwise_dgrad<T>{z, dy, w, dx}, pixels, z.C);
    return gd_gemm_simt(ctx, dgrad<T>{z, pixels, z.group_C, K, K, dy, w, dx}, z.groups);
}

template <class T> gd_status backward_depthwise(const gd_call *call, const gd_ctx *ctx, const gd_conv2d_sizes &sizes)
{
    gd_depthwise_wgrad<T> op;
    op.z = gd_conv_shape_of(call->problem);
    op.x = (const T *)call->at[CONV2D_X];
    op.dy = (const T *)call->at[CONV2D_DY];
    op.dw = (float *)call->at[CONV2D_DW];
    op.db = (float *)call->at[CONV2D_DB];
    op.pixels = pixels_of(sizes);
    return gd_columns_run(ctx, gd_depthwise_columns(sizes), op, call->at[GD_WORK]);
}

template <class T> gd_status backward_weight(const gd_call *call, const gd_ctx *ctx)
{
    const gd_conv2d_sizes sizes = gd_conv2d_sizes_of(call->problem);
    const T *x = (const T *)call->at[CONV2D_X], *dy = (const T *)call->at[CONV2D_DY];
    float *dw = (float *)call->at[CONV2D_DW], *db = (float *)call->at[CONV2D_DB], *work = (float *)call->at[GD_WORK];
    if (is_depthwise(sizes))
        return backward_depthwise<T>(call, ctx, sizes);
    const gd_conv_shape z = gd_conv_shape_of(call->problem);
    if (dw) {
        const gd_conv_pieces pieces = pieces_of(z);
        int M = z.taps * z.group_C;
        float *to = pieces.n > 1 ? work : dw;
        GD_TRY(gd_gemm_simt(ctx, wgrad<T>{z, M, z.group_K, (int)pixels_of(sizes), (int)pieces.pixels, x, dy, to},
                            z.groups));
        GD_TRY(gd_add_pieces(ctx, to, dw, (int64_t)z.K * M, pieces.n));
    }
    return db ? gd_bias_run<T>(ctx, z, dy, db, work) : GD_OK;
}

/* Counts are ints. No card has the memory for more, or hardly. */
gd_status refuse_giants(const gd_problem *problem, gd_error *error)
{
    const int64_t most = 1 << 30;
    const gd_conv2d_sizes z = gd_conv2d_sizes_of(problem);
    int64_t seen = z.N * z.H * z.W, made = pixels_of(z), groups = z.K / z.group_K;
    int64_t forward_K = z.R * z.S * z.group_C, backward_K = z.R * z.S * z.group_K;
    if (seen > most || made > most || forward_K > most || backward_K > most)
        return gd_fail(error, GD_UNSUPPORTED, "more than 2^30 pixels or terms");
    if (groups * gd_gemm_simt_tiles(made, z.group_K) > INT_MAX ||
        groups * gd_gemm_simt_tiles(seen, z.group_C) > INT_MAX ||
        groups * gd_gemm_simt_tiles(forward_K, z.group_K) > INT_MAX)
        return gd_fail(error, GD_UNSUPPORTED, "more than 2^31 tiles");
    return GD_OK;
}

} // namespace

gd_status gd_conv2d_fwd_simt_prepare(const gd_problem *problem, int, gd_needs *, gd_error *error)
{
    return refuse_giants(problem, error);
}

gd_status gd_conv2d_bwd_data_simt_prepare(const gd_problem *problem, int, gd_needs *, gd_error *error)
{
    return refuse_giants(problem, error);
}

gd_status gd_conv2d_bwd_weight_simt_prepare(const gd_problem *problem, int, gd_needs *needs, gd_error *error)
{
    const gd_conv2d_sizes sizes = gd_conv2d_sizes_of(problem);
    GD_TRY(refuse_giants(problem, error));
    const gd_conv_shape z = gd_conv_shape_of(problem);
    needs->work_bytes = is_depthwise(sizes) ? gd_columns_work(gd_depthwise_columns(sizes))
                                            : gd_conv_work(z, pieces_of(z), problem->desc[CONV2D_DB].rank > 0);
    return GD_OK;
}

gd_status gd_conv2d_fwd_simt(const gd_call *call, const gd_ctx *ctx)
{
    GD_WITH_TYPE(call->problem->type, T, return forward<T>(call, ctx));
}

gd_status gd_conv2d_bwd_data_simt(const gd_call *call, const gd_ctx *ctx)
{
    GD_WITH_TYPE(call->problem->type, T, return backward_data<T>(call, ctx));
}

gd_status gd_conv2d_bwd_weight_simt(const gd_call *call, const gd_ctx *ctx)
{
    GD_WITH_TYPE(call->problem->type, T, return backward_weight<T>(call, ctx));
}
