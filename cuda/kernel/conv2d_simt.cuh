// SPDX-License-Identifier: Apache-2.0
/* conv2d and linear on plain cores: every shape, group and storage type, weights as the masters have them. */
#ifndef GD_CUDA_CONV2D_SIMT_CUH
#define GD_CUDA_CONV2D_SIMT_CUH

#include "conv2d.cuh"
#include "gemm.cuh"

/* The operands of either op. */
struct gd_conv_operands {
    const void *x, *residual, *dy;
    const float *w, *b;
    void *y, *dx, *work;
    float *dw, *db;
    bool relu;
};

template <class T> struct gd_conv_fprop {
    static constexpr bool a_along_k = true, b_along_k = true;
    int M, N, K, piece_K, groups;
    gd_conv_shape z;
    const T *x, *residual;
    const float *w, *bias;
    T *y;
    bool relu;

    __device__ float a(int g, int m, int k) const
    {
        int64_t pixel = z.x_pixel(m, k / z.group_C);
        return pixel < 0 ? 0.0f : gd_load(x[pixel * z.C + g * z.group_C + k % z.group_C]);
    }
    __device__ float b(int g, int k, int n) const { return w[(int64_t)(g * z.group_K + n) * K + k]; }
    __device__ void put(int g, int, int m, int n, float sum) const
    {
        int filter = g * z.group_K + n;
        int64_t at = (int64_t)m * z.K + filter;
        sum += (bias ? bias[filter] : 0.0f) + (residual ? gd_load(residual[at]) : 0.0f);
        y[at] = gd_store<T>(relu && sum < 0 ? 0.0f : sum);
    }
};

template <class T> struct gd_conv_dgrad {
    static constexpr bool a_along_k = true, b_along_k = false;
    int M, N, K, piece_K, groups;
    gd_conv_shape z;
    const T *dy;
    const float *w;
    T *dx;

    __device__ float a(int g, int m, int k) const
    {
        int64_t pixel = z.y_pixel(m, k / z.group_K);
        return pixel < 0 ? 0.0f : gd_load(dy[pixel * z.K + g * z.group_K + k % z.group_K]);
    }
    __device__ float b(int g, int k, int n) const
    {
        return w[((int64_t)(g * z.group_K + k % z.group_K) * z.R * z.S + k / z.group_K) * z.group_C + n];
    }
    __device__ void put(int g, int, int m, int n, float sum) const
    {
        dx[(int64_t)m * z.C + g * z.group_C + n] = gd_store<T>(sum);
    }
};

template <class T> struct gd_conv_wgrad {
    static constexpr bool a_along_k = false, b_along_k = false;
    int M, N, K, piece_K, groups;
    gd_conv_shape z;
    const T *x, *dy;
    float *to; /* dw, or its pieces */

    __device__ float a(int g, int m, int k) const { return gd_load(dy[(int64_t)k * z.K + g * z.group_K + m]); }
    __device__ float b(int g, int k, int n) const
    {
        int64_t pixel = z.x_pixel(k, n / z.group_C);
        return pixel < 0 ? 0.0f : gd_load(x[pixel * z.C + g * z.group_C + n % z.group_C]);
    }
    __device__ void put(int g, int piece, int m, int n, float sum) const
    {
        to[((int64_t)piece * z.K + g * z.group_K + m) * N + n] = sum;
    }
};

template <class T> gd_status gd_conv_simt_fwd(const gd_ctx *ctx, const gd_conv_shape &z, const gd_conv_operands &o)
{
    int K = z.R * z.S * z.group_C;
    return gd_gemm(ctx, gd_conv_fprop<T>{z.N * z.P * z.Q, z.group_K, K, K, z.groups, z, (const T *)o.x,
                                         (const T *)o.residual, o.w, o.b, (T *)o.y, o.relu});
}

template <class T> gd_status gd_conv_simt_bwd_data(const gd_ctx *ctx, const gd_conv_shape &z, const gd_conv_operands &o)
{
    int K = z.R * z.S * z.group_K;
    return gd_gemm(ctx,
                   gd_conv_dgrad<T>{z.N * z.H * z.W, z.group_C, K, K, z.groups, z, (const T *)o.dy, o.w, (T *)o.dx});
}

static inline gd_conv_pieces gd_conv_simt_pieces(const gd_conv_shape &z)
{
    return gd_conv_pieces_of(z, GD_GEMM_SIDE, GD_GEMM_K);
}

template <class T>
gd_status gd_conv_simt_bwd_weight(const gd_ctx *ctx, const gd_conv_shape &z, const gd_conv_operands &o)
{
    const gd_conv_pieces pieces = gd_conv_simt_pieces(z);
    int N = z.R * z.S * z.group_C;
    if (o.dw) {
        float *to = pieces.n > 1 ? (float *)o.work : o.dw;
        GD_TRY(gd_gemm(ctx, gd_conv_wgrad<T>{z.group_K, N, z.N * z.P * z.Q, (int)pieces.pixels, z.groups, z,
                                             (const T *)o.x, (const T *)o.dy, to}));
        GD_TRY(gd_add_pieces(ctx, to, o.dw, (int64_t)z.K * N, pieces.n));
    }
    return o.db ? gd_bias_run<T>(ctx, z, o.dy, o.db, o.work) : GD_OK;
}

#endif
