// SPDX-License-Identifier: Apache-2.0
/* Rows of C channels, as an NHWC image is one: a thread takes W neighbouring channels of a row, so that finding out
 * what the row is about is paid once for sixteen bytes. W is 1 where C has a tail, or a tensor begins at an odd
 * address.
 *
 *     row 0   | thread 0 | thread 1 | … | thread C/W - 1 |
 *     row 1   | thread C/W | …
 *
 * F::run<W>(row, c) does what is to be done for channels c … c + W - 1 of a row.
 */
#ifndef GD_CUDA_CHANNELS_CUH
#define GD_CUDA_CHANNELS_CUH

#include "pointwise.cuh"

enum { GD_CHANNELS_THREADS = 256 };

template <int W, class T> struct gd_piece {
    T at[W];
};

template <int W, class T> __device__ gd_piece<W, T> gd_piece_load(const T *from)
{
    gd_piece<W, T> piece;
    if constexpr (W * sizeof(T) == 16) {
        gd_vector<T> whole = gd_vector_load(from);
        for (int i = 0; i < W; i++)
            piece.at[i] = whole.at[i];
    } else {
        for (int i = 0; i < W; i++)
            piece.at[i] = from[i];
    }
    return piece;
}

template <int W, class T> __device__ void gd_piece_store(T *to, const gd_piece<W, T> &piece)
{
    if constexpr (W * sizeof(T) == 16) {
        gd_vector<T> whole;
        for (int i = 0; i < W; i++)
            whole.at[i] = piece.at[i];
        gd_vector_store(to, whole);
    } else {
        for (int i = 0; i < W; i++)
            to[i] = piece.at[i];
    }
}

template <int W, class F>
__global__ void __launch_bounds__(GD_CHANNELS_THREADS) gd_channels_kernel(int64_t rows, int64_t C, F f)
{
    int64_t pieces = C / W, stride = (int64_t)gridDim.x * blockDim.x;
    GD_ROLLED
    for (int64_t i = (int64_t)blockIdx.x * blockDim.x + threadIdx.x; i < rows * pieces; i += stride)
        f.template run<W>(i / pieces, i % pieces * W);
}

/* `in_vectors`: all tensors of T begin at a multiple of sixteen bytes. */
template <class T, class F> gd_status gd_channels_run(const gd_ctx *ctx, int64_t rows, int64_t C, bool in_vectors, F f)
{
    enum { THREADS = GD_CHANNELS_THREADS, WIDTH = 16 / sizeof(T) };
    if (in_vectors && C % WIDTH == 0)
        return gd_launched(GD_LAUNCH((gd_channels_kernel<WIDTH, F>), gd_blocks(rows * (C / WIDTH), THREADS), THREADS, 0,
                                     gd_stream_of(ctx), rows, C, f));
    return gd_launched(
        GD_LAUNCH((gd_channels_kernel<1, F>), gd_blocks(rows * C, THREADS), THREADS, 0, gd_stream_of(ctx), rows, C, f));
}

#endif
