// SPDX-License-Identifier: Apache-2.0
/* pool2d: the maximum or the average of each window of an NHWC image.
 *
 *     max      y[n,p,q,c] = max over the window's pixels (r,s) inside the image of x[n, p*stride + r - pad,
 *                                                                                   q*stride + s - pad, c]
 *              argmax[n,p,q,c] = r*kernel + s of that pixel; the first such pixel, rows before columns
 *              dx[n,h,w,c] = sum of dy over the windows whose argmax is this pixel
 *     average  y[n,p,q,c] = mean over the same pixels: pad is not counted
 *              dx[n,h,w,c] = sum over the windows that hold this pixel of dy / (their pixels inside the image)
 *
 * Shapes    x (N,H,W,C)  ->  y (N,P,Q,C), in training of max argmax (N,P,Q,C), U8
 *           P = (H + 2*pad - kernel)/stride + 1, rounded down: rows behind the last window are not read. Q likewise.
 *           pad < kernel, so that no window is empty.
 * Values    f32, bf16, f16. A NaN is greater than any number; of several the last is the maximum.
 * Memory    borrows all; nothing may overlap. bwd_data reads dy, and argmax where there is one.
 * Exact     max forward: yes. The rest: |got - want| <= k eps S with S the sum of |terms|.
 * Source    PyTorch's MaxPool2d and AvgPool2d with count_include_pad=False, ceil_mode=False.
 */
#ifndef GD_KERNEL_POOL2D_H
#define GD_KERNEL_POOL2D_H

#include "base/inline.h"
#include "kernel/kernel.h"
#include "kernel/pool.h"

enum {
    POOL2D_X = GD_IN(0),
    POOL2D_Y = GD_OUT(0),
    POOL2D_ARGMAX = GD_SAVED(0),
    POOL2D_DX = GD_DIN(0),
    POOL2D_DY = GD_DOUT(0)
};

typedef struct gd_pool2d_params {
    int kind;   /* gd_pool */
    int kernel; /* R = S */
    int stride, pad;
} gd_pool2d_params;

enum { POOL2D_MAX_KERNEL = 16 }; /* its positions fit the byte of argmax */

/* The sizes of a problem by their letters. */
typedef struct gd_pool2d_sizes {
    int64_t N, H, W, C, P, Q;
    int64_t kernel, stride, pad;
} gd_pool2d_sizes;

static inline gd_pool2d_sizes gd_pool2d_sizes_of(const gd_problem *problem)
{
    const int64_t *x = problem->desc[POOL2D_X].dim, *y = problem->desc[POOL2D_Y].dim;
    const gd_pool2d_params *p = (const gd_pool2d_params *)problem->params;
    gd_pool2d_sizes z = {x[0], x[1], x[2], x[3], y[1], y[2], p->kernel, p->stride, p->pad};
    return z;
}

/* A range [begin, end) along one side. */
typedef struct gd_pool2d_range {
    int64_t begin, end;
} gd_pool2d_range;

/* Window p along a side of H pixels covers p*stride - pad + r: those r that lie inside the image. */
GD_INLINE gd_pool2d_range gd_pool2d_taps(gd_pool2d_sizes z, int64_t p, int64_t H)
{
    int64_t h0 = p * z.stride - z.pad;
    gd_pool2d_range taps = {h0 < 0 ? -h0 : 0, h0 + z.kernel > H ? H - h0 : z.kernel};
    return taps;
}

/* The windows, of P along a side, that hold pixel h. */
GD_INLINE gd_pool2d_range gd_pool2d_windows(gd_pool2d_sizes z, int64_t h, int64_t P)
{
    int64_t at = h + z.pad, last = at / z.stride;
    gd_pool2d_range windows = {at < z.kernel ? 0 : (at - z.kernel) / z.stride + 1, last < P ? last + 1 : P};
    return windows;
}

GD_DECLARE_REF(gd_pool2d_fwd);
GD_DECLARE_REF(gd_pool2d_bwd_data);
GD_DECLARE_SIMD(gd_pool2d_fwd);
GD_DECLARE_SIMD(gd_pool2d_bwd_data);
GD_DECLARE_CUDA(gd_pool2d_fwd, simt);
GD_DECLARE_CUDA(gd_pool2d_bwd_data, simt);
GD_DECLARE_CUDNN(gd_pool2d_fwd);
GD_DECLARE_CUDNN(gd_pool2d_bwd_data);
const char *gd_pool2d_fwd_cudnn_accepts(const gd_problem *);
const char *gd_pool2d_bwd_data_cudnn_accepts(const gd_problem *);

#endif
