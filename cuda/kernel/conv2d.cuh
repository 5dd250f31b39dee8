// SPDX-License-Identifier: Apache-2.0
/* A convolution's index arithmetic, for kernels: from numbers of pixels and taps to places in x, y and w.
 *
 *     y's pixel m  = (n P + p) Q + q     looks at x from row p*stride - pad on, column q*stride - pad on
 *     x's pixel m  = (n H + h) W + w     was looked at from rows (h + pad - r*dilation)/stride, where that is whole
 *     number k     = (r S + s) depth + c       taps of the window times channels of a group, those next to each other
 *
 * Counts fit 30 bits (entries refuse more), places are 64.
 */
#ifndef GD_CUDA_CONV2D_CUH
#define GD_CUDA_CONV2D_CUH

#include "kernel/conv2d.h"
#include "launch.cuh"

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
struct gd_conv2d_pixel {
    int rows_before, row, column; /* those of the images before this one */
};
struct gd_conv2d_tap {
    int row, column, channel, number; /* number: r S + s */
};

struct gd_conv2d_shape {
    int N, H, W, C, K, P, Q, taps, stride, pad, dilation, groups, group_C, group_K;
    gd_divisor by_H, by_W, by_P, by_Q, by_S, by_group_C, by_group_K, by_stride;

    __device__ gd_conv2d_pixel y_pixel(int m) const
    {
        int p, q, n = by_P.of(by_Q.of(m, q), p);
        return gd_conv2d_pixel{n * H, p * stride - pad, q * stride - pad};
    }
    __device__ gd_conv2d_pixel x_pixel(int m) const
    {
        int h, w, n = by_H.of(by_W.of(m, w), h);
        return gd_conv2d_pixel{n * P, h + pad, w + pad};
    }
    __device__ gd_conv2d_tap tap(int number, int channel) const
    {
        int s, r = by_S.of(number, s);
        return gd_conv2d_tap{r * dilation, s * dilation, channel, number};
    }
    /* Of number k, channels of x or of y inside. */
    __device__ gd_conv2d_tap x_tap(int k) const
    {
        int c, number = by_group_C.of(k, c);
        return tap(number, c);
    }
    __device__ gd_conv2d_tap y_tap(int k) const
    {
        int c, number = by_group_K.of(k, c);
        return tap(number, c);
    }
    /* The pixel of x that y's pixel sees at this tap, or -1: it lies outside. */
    __device__ int64_t seen(gd_conv2d_pixel y, gd_conv2d_tap t) const
    {
        int h = y.row + t.row, w = y.column + t.column;
        return (unsigned)h < (unsigned)H && (unsigned)w < (unsigned)W ? (int64_t)(y.rows_before + h) * W + w : -1;
    }
    /* The pixel of y that sees x's pixel at this tap, or -1: none does. */
    __device__ int64_t seer(gd_conv2d_pixel x, gd_conv2d_tap t) const
    {
        int p = x.row - t.row, q = x.column - t.column, p_rest, q_rest;
        if (p < 0 || q < 0)
            return -1;
        p = by_stride.of(p, p_rest);
        q = by_stride.of(q, q_rest);
        return p_rest || q_rest || p >= P || q >= Q ? -1 : (int64_t)(x.rows_before + p) * Q + q;
    }
};

static inline gd_conv2d_shape gd_conv2d_shape_of(const gd_problem *problem)
{
    const gd_conv2d_params *p = (const gd_conv2d_params *)problem->params;
    const gd_conv2d_sizes z = gd_conv2d_sizes_of(problem);
    gd_conv2d_shape s = {
        (int)z.N,    (int)z.H,  (int)z.W,       (int)z.C,       (int)z.K, (int)z.P, (int)z.Q, 0,  p->stride, p->pad,
        p->dilation, p->groups, (int)z.group_C, (int)z.group_K, {},       {},       {},       {}, {},        {},
        {},          {}};
    s.taps = (int)(z.R * z.S);
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

#endif
