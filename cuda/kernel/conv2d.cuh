// SPDX-License-Identifier: Apache-2.0
/* What the entries of conv2d share: from numbers of a GEMM to places in images, and pieces of a weight gradient.
 *
 *     fprop   y(pixels, K)    = x gathered (pixels, RSC)      w (RSC, K), which KRSC holds column by column
 *     dgrad   dx(pixels, C)   = dy gathered (pixels, RSK)     w (RSK, C), row by row
 *     wgrad   dw(K, RSC)      = dy (K, pixels)                x gathered (pixels, RSC)       in pieces of the pixels
 *
 * with C and K those of a group. An inner product is the convolution of an image of one pixel.
 */
#ifndef GD_CUDA_CONV2D_CUH
#define GD_CUDA_CONV2D_CUH

#include "columns.cuh"
#include "kernel/conv2d.h"

struct gd_conv_shape {
    int N, H, W, C, K, R, S, P, Q, stride, pad, dilation, groups;
    int group_C, group_K;

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

static inline gd_conv_shape gd_conv_shape_of(const gd_problem *problem)
{
    const gd_conv2d_params *p = (const gd_conv2d_params *)problem->params;
    const gd_conv2d_sizes z = gd_conv2d_sizes_of(problem);
    return gd_conv_shape{(int)z.N, (int)z.H,  (int)z.W, (int)z.C,    (int)z.K,  (int)z.R,       (int)z.S,      (int)z.P,
                         (int)z.Q, p->stride, p->pad,   p->dilation, p->groups, (int)z.group_C, (int)z.group_K};
}

/* ---- wgrad in pieces of the pixels: by the problem alone, so that every card adds in the same order ---- */

struct gd_conv_pieces {
    int64_t pixels, n; /* of a piece; how many */
    size_t bytes;      /* of all, f32; 0 where one is all */
};

/* A GEMM by tiles of `side` x `side` in steps of `step`. */
static inline gd_conv_pieces gd_conv_pieces_of(const gd_conv_shape &z, int side, int step)
{
    const int64_t blocks_wanted = 512, shortest = 256, most = 256;
    int64_t pixels = (int64_t)z.N * z.P * z.Q, row = (int64_t)z.R * z.S * z.group_C;
    int64_t tiles = gd_ceil(z.group_K, side) * gd_ceil(row, side) * z.groups, n = gd_ceil(blocks_wanted, tiles);
    n = n < gd_ceil(pixels, shortest) ? n : gd_ceil(pixels, shortest);
    n = n < most ? n : most;
    gd_conv_pieces pieces = {gd_ceil(gd_ceil(pixels, n), step) * step, 0, 0};
    pieces.n = gd_ceil(pixels, pieces.pixels);
    pieces.bytes = pieces.n > 1 ? (size_t)(pieces.n * z.K * row) * sizeof(float) : 0;
    return pieces;
}

/* In the order of the pieces. */
__global__ static void gd_add_pieces_kernel(const float *pieces, float *dw, int64_t n, int count)
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

static inline gd_status gd_add_pieces(const gd_ctx *ctx, const float *pieces, float *dw, int64_t n, int64_t count)
{
    enum { THREADS = 256 };
    return count == 1 ? GD_OK
                      : gd_launched(GD_LAUNCH(gd_add_pieces_kernel, gd_blocks(n, THREADS), THREADS, 0,
                                              gd_stream_of(ctx), pieces, dw, n, (int)count));
}

/* ---- db: sums of dy over the pixels ---- */

template <class T> struct gd_bias_gradient : gd_columns_sums {
    const T *dy;
    float *db;
    int64_t K;
    __device__ void take(float &sum, float &, int64_t row, int k, int) const { sum += gd_load(dy[row * K + k]); }
    __device__ void finish(int64_t, int k, double sum, double, int64_t) const { db[k] = (float)sum; }
};

static inline gd_columns gd_bias_columns(const gd_conv_shape &z)
{
    int64_t pixels = (int64_t)z.N * z.P * z.Q;
    return gd_columns_of(pixels, pixels, z.K);
}

template <class T>
gd_status gd_bias_run(const gd_ctx *ctx, const gd_conv_shape &z, const void *dy, void *db, void *work)
{
    gd_bias_gradient<T> sums;
    sums.dy = (const T *)dy;
    sums.db = (float *)db;
    sums.K = z.K;
    return gd_columns_run(ctx, gd_bias_columns(z), sums, work);
}

/* WORK of a weight gradient: first the pieces of dw, then, in their place, what db needs. */
static inline size_t gd_conv_work(const gd_conv_shape &z, gd_conv_pieces pieces, bool bias)
{
    size_t sums = bias ? gd_columns_work(gd_bias_columns(z)) : 0;
    return pieces.bytes > sums ? pieces.bytes : sums;
}

#endif
