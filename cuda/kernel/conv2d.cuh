// SPDX-License-Identifier: Apache-2.0
/* What the entries of conv2d share: from numbers of a GEMM to places in images, and pieces of a weight gradient.
 *
 *     fprop   y(pixels, K)    = x gathered (pixels, RSC)      w (RSC, K), which KRSC holds column by column
 *     dgrad   dx(pixels, C)   = dy gathered (pixels, RSK)     w (RSK, C), row by row
 *     wgrad   dw(K, RSC)      = dy (K, pixels)                x gathered (pixels, RSC)       in pieces of the pixels
 *
 * with C and K those of a group. An inner product is the convolution of an image of one pixel.
 *
 *     y's pixel m  = (n P + p) Q + q     looks at x from row p*stride - pad on, column q*stride - pad on
 *     x's pixel m  = (n H + h) W + w     was looked at from rows (h + pad - r*dilation)/stride, where that is whole
 *     number k     = (r S + s) depth + c       taps of the window times channels of a group, those next to each other
 *
 * Counts fit 31 bits (entries refuse more), places are 64.
 */
#ifndef GD_CUDA_CONV2D_CUH
#define GD_CUDA_CONV2D_CUH

#include "block.cuh"
#include "columns.cuh"
#include "kernel/conv2d.h"

/* Division by what the host knows, for dividends below 2^31: a multiplication and a shift (Granlund, Montgomery,
 * "Division by invariant integers using multiplication", 1994). */
struct gd_divisor {
    unsigned by, factor, shift;

    __device__ int of(int n) const { return (int)((__umulhi((unsigned)n, factor) + (unsigned)n) >> shift); }
    __device__ int of(int n, int &rest) const
    {
        int whole = of(n);
        rest = n - whole * (int)by;
        return whole;
    }
};

static inline gd_divisor gd_divisor_of(int64_t by)
{
    gd_divisor d = {(unsigned)by, 0, 0};
    while ((int64_t)1 << d.shift < by)
        d.shift++;
    d.factor = (unsigned)(((((uint64_t)1 << d.shift) - (uint64_t)by) << 32) / (uint64_t)by + 1);
    return d;
}

/* Where a window begins, and one tap of it: rows, columns; both are numbers, and need not lie inside the image. */
struct gd_conv_place {
    int rows_before, row, column; /* those of the images before this one */
};
struct gd_conv_tap {
    int row, column, channel, number; /* number: r S + s */
};

struct gd_conv_shape {
    int N, H, W, C, K, R, S, P, Q, stride, pad, dilation, groups;
    int group_C, group_K, taps; /* taps: R S */
    gd_divisor by_H, by_W, by_P, by_Q, by_S, by_group_C, by_group_K, by_stride;

    __device__ gd_conv_place y_place(int m) const
    {
        int p, q, n = by_P.of(by_Q.of(m, q), p);
        return gd_conv_place{n * H, p * stride - pad, q * stride - pad};
    }
    __device__ gd_conv_place x_place(int m) const
    {
        int h, w, n = by_H.of(by_W.of(m, w), h);
        return gd_conv_place{n * P, h + pad, w + pad};
    }
    __device__ gd_conv_tap tap(int number, int channel) const
    {
        int s, r = by_S.of(number, s);
        return gd_conv_tap{r * dilation, s * dilation, channel, number};
    }
    /* Of number k, channels of x or of y inside. */
    __device__ gd_conv_tap x_tap(int k) const
    {
        int c, number = by_group_C.of(k, c);
        return tap(number, c);
    }
    __device__ gd_conv_tap y_tap(int k) const
    {
        int c, number = by_group_K.of(k, c);
        return tap(number, c);
    }
    /* The pixel of x that y's pixel sees at this tap, or -1: it lies outside. */
    __device__ int64_t seen(gd_conv_place y, gd_conv_tap t) const
    {
        int h = y.row + t.row, w = y.column + t.column;
        return (unsigned)h < (unsigned)H && (unsigned)w < (unsigned)W ? (int64_t)(y.rows_before + h) * W + w : -1;
    }
    /* The pixel of y that sees x's pixel at this tap, or -1: none does. */
    __device__ int64_t seer(gd_conv_place x, gd_conv_tap t) const
    {
        int p = x.row - t.row, q = x.column - t.column, p_rest, q_rest;
        if (p < 0 || q < 0)
            return -1;
        p = by_stride.of(p, p_rest);
        q = by_stride.of(q, q_rest);
        return p_rest || q_rest || p >= P || q >= Q ? -1 : (int64_t)(x.rows_before + p) * Q + q;
    }
};

static inline gd_conv_shape gd_conv_shape_of(const gd_problem *problem)
{
    const gd_conv2d_params *p = (const gd_conv2d_params *)problem->params;
    const gd_conv2d_sizes z = gd_conv2d_sizes_of(problem);
    gd_conv_shape s = {};
    s.N = (int)z.N, s.H = (int)z.H, s.W = (int)z.W, s.C = (int)z.C, s.K = (int)z.K;
    s.R = (int)z.R, s.S = (int)z.S, s.P = (int)z.P, s.Q = (int)z.Q, s.taps = s.R * s.S;
    s.group_C = (int)z.group_C, s.group_K = (int)z.group_K;
    s.stride = p->stride, s.pad = p->pad, s.dilation = p->dilation, s.groups = p->groups;
    s.by_H = gd_divisor_of(z.H);
    s.by_W = gd_divisor_of(z.W);
    s.by_P = gd_divisor_of(z.P);
    s.by_Q = gd_divisor_of(z.Q);
    s.by_S = gd_divisor_of(z.S);
    s.by_group_C = gd_divisor_of(z.group_C);
    s.by_group_K = gd_divisor_of(z.group_K);
    s.by_stride = gd_divisor_of(p->stride);
    return s;
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
struct gd_sum_of_pieces {
    const float *pieces;
    float *dw;
    int64_t n;
    int count;
    __device__ void operator()(int64_t i) const
    {
        float sum = 0;
        for (int piece = 0; piece < count; piece++)
            sum += pieces[piece * n + i];
        dw[i] = sum;
    }
};

static inline gd_status gd_add_pieces(const gd_ctx *ctx, const float *pieces, float *dw, int64_t n, int64_t count)
{
    return count == 1 ? GD_OK : gd_block_each(ctx, n, gd_sum_of_pieces{pieces, dw, n, (int)count});
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
