// SPDX-License-Identifier: Apache-2.0
/* One answer for each image and channel, out of all its pixels. A block takes up to 32 channels of an image, in a fixed
 * order, so the same bits each time:
 *
 *                 channels           X of them, a power of two; Y = 256 / X
 *     pixels   0  t0    t1    …      a thread takes pixels y, y + Y, y + 2Y … of its channel
 *              1  tX    tX+1  …
 *              …
 *     then     y and y + Y/2 become one, y and y + Y/4, … , until row 0 has the answer
 *
 * An Op says what to do:
 *
 *     typedef … state;                                                              trivial
 *     state none() const                                                            no pixel yet
 *     void take(state &s, int64_t image, int64_t pixel, int64_t c) const            one more, behind all others of s
 *     static void merge(state &s, const state &other)
 *     void finish(int64_t image, int64_t c, const state &s) const                   writes the answer
 */
#ifndef GD_CUDA_IMAGES_CUH
#define GD_CUDA_IMAGES_CUH

#include "launch.cuh"

enum { GD_IMAGES_THREADS = 256, GD_IMAGES_CHANNELS = 32 };

template <class Op>
__global__ void __launch_bounds__(GD_IMAGES_THREADS)
    gd_images_kernel(int64_t images, int64_t pixels, int64_t C, int X, Op op)
{
    GD_SHARED(typename Op::state, partial, [GD_IMAGES_THREADS]);
    int Y = GD_IMAGES_THREADS / X, x = (int)threadIdx.x % X, y = (int)threadIdx.x / X;
    int64_t tiles = (C + X - 1) / X;
    GD_ROLLED
    for (int64_t tile = blockIdx.x; tile < images * tiles; tile += gridDim.x) {
        int64_t image = tile / tiles, c = tile % tiles * X + x;
        typename Op::state mine = op.none();
        for (int64_t pixel = y; pixel < pixels && c < C; pixel += Y)
            op.take(mine, image, pixel, c);
        partial[threadIdx.x] = mine;
        for (int apart = Y / 2; apart > 0; apart /= 2) {
            __syncthreads();
            if (y < apart) {
                Op::merge(mine, partial[threadIdx.x + apart * X]);
                partial[threadIdx.x] = mine;
            }
        }
        if (y == 0 && c < C)
            op.finish(image, c, mine);
        __syncthreads(); /* the next tile's threads write partial */
    }
}

template <class Op> gd_status gd_images_run(const gd_ctx *ctx, int64_t images, int64_t pixels, int64_t C, Op op)
{
    int X = 1;
    while (X < C && X < GD_IMAGES_CHANNELS)
        X *= 2;
    return gd_launched(GD_LAUNCH((gd_images_kernel<Op>), gd_blocks(images * gd_ceil(C, X), 1), GD_IMAGES_THREADS, 0,
                                 gd_stream_of(ctx), images, pixels, C, X, op));
}

#endif
