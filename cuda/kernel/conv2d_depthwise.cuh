// SPDX-License-Identifier: Apache-2.0
/* conv2d where every input channel is a group by itself: a product of matrices would have one column, so here a thread
 * has an output of its own, and threads of a warp lie along channels.
 *
 *     y, dx   block (32 channels, 8 pixels); and again, a grid further
 *     dw      columns.cuh, a segment for each tap: rows are y's pixels, db is summed along with the first tap
 */
#ifndef GD_CUDA_CONV2D_DEPTHWISE_CUH
#define GD_CUDA_CONV2D_DEPTHWISE_CUH

#include "conv2d.cuh"

enum { GD_DEPTHWISE_X = 32, GD_DEPTHWISE_Y = 8 };

template <class Op>
__global__ void __launch_bounds__(GD_DEPTHWISE_X *GD_DEPTHWISE_Y) gd_depthwise_kernel(Op op, int pixels, int channels)
{
    int c = (int)blockIdx.x * GD_DEPTHWISE_X + (int)threadIdx.x;
    if (c >= channels)
        return;
    GD_ROLLED
    for (int m = (int)blockIdx.y * GD_DEPTHWISE_Y + (int)threadIdx.y; m < pixels; m += (int)gridDim.y * GD_DEPTHWISE_Y)
        op.take(m, c);
}

template <class Op> gd_status gd_depthwise_run(const gd_ctx *ctx, const Op &op, int64_t pixels, int64_t channels)
{
    dim3 block(GD_DEPTHWISE_X, GD_DEPTHWISE_Y);
    dim3 grid((unsigned)gd_ceil(channels, GD_DEPTHWISE_X), gd_blocks(pixels, GD_DEPTHWISE_Y));
    return gd_launched(
        GD_LAUNCH((gd_depthwise_kernel<Op>), grid, block, 0, gd_stream_of(ctx), op, (int)pixels, (int)channels));
}

template <class T> struct gd_depthwise_fprop {
    gd_conv_shape z;
    const T *x, *residual;
    const float *w, *b;
    T *y;
    bool relu;

    __device__ void take(int m, int k) const
    {
        const gd_conv_place pixel = z.y_place(m);
        int64_t c = z.by_group_K.of(k), to = (int64_t)m * z.K + k;
        float sum = b ? b[k] : 0;
        GD_ROLLED
        for (int t = 0; t < z.taps; t++) {
            int64_t from = z.seen(pixel, z.tap(t, 0));
            if (from >= 0)
                sum += gd_load(x[from * z.C + c]) * w[(int64_t)k * z.taps + t];
        }
        if (residual)
            sum += gd_load(residual[to]);
        y[to] = gd_store<T>(relu && sum <= 0 ? 0 : sum);
    }
};

template <class T> struct gd_depthwise_dgrad {
    gd_conv_shape z;
    const T *dy;
    const float *w;
    T *dx;

    __device__ void take(int m, int c) const
    {
        const gd_conv_place pixel = z.x_place(m);
        float sum = 0;
        GD_ROLLED
        for (int t = 0; t < z.taps; t++) {
            int64_t from = z.seer(pixel, z.tap(t, 0)), k = (int64_t)c * z.group_K;
            for (int i = 0; from >= 0 && i < z.group_K; i++, k++)
                sum += gd_load(dy[from * z.K + k]) * w[k * z.taps + t];
        }
        dx[(int64_t)m * z.C + c] = gd_store<T>(sum);
    }
};

/* a: dw, b: db. */
template <class T> struct gd_depthwise_wgrad : gd_columns_sums {
    gd_conv_shape z;
    const T *x, *dy;
    float *dw, *db;
    int64_t pixels;

    __device__ void take(float &a, float &b, int64_t row, int k, int) const
    {
        int t = (int)(row / pixels), m = (int)(row - t * pixels);
        int64_t from = z.seen(z.y_place(m), z.tap(t, 0));
        float g = gd_load(dy[(int64_t)m * z.K + k]);
        a += from >= 0 ? g * gd_load(x[from * z.C + z.by_group_K.of(k)]) : 0;
        b += g; /* of the first tap, see finish */
    }
    __device__ void finish(int64_t t, int k, double a, double b, int64_t) const
    {
        if (dw)
            dw[(int64_t)k * z.taps + t] = (float)a;
        if (db && t == 0)
            db[k] = (float)b;
    }
};

/* Many taps are many segments: then chunks of pixels are longer, as partial sums take memory. */
static inline gd_columns gd_depthwise_columns(const gd_conv2d_sizes &z)
{
    enum { MOST = 4096 };
    int64_t pixels = z.N * z.P * z.Q, taps = z.R * z.S;
    gd_columns columns = gd_columns_of(taps * pixels, pixels, z.K);
    while (columns.chunks > 1 && columns.chunks * taps > MOST) {
        columns.chunk_rows *= 2;
        columns.chunks = gd_ceil(pixels, columns.chunk_rows);
    }
    return columns;
}

#endif
