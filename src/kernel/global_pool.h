// SPDX-License-Identifier: Apache-2.0
/* global_pool: the maximum or the average of each channel over the whole image.
 *
 *     max      y[n,c] = max_{h,w} x[n,h,w,c]            argmax[n,c] = h*W + w of the first such pixel
 *              dx[n,h,w,c] = dy[n,c] where argmax[n,c] = h*W + w, else 0
 *     average  y[n,c] = sum_{h,w} x[n,h,w,c] / (H*W)    dx[n,h,w,c] = dy[n,c] / (H*W)
 *
 * Shapes    x (N,H,W,C)  ->  y (N,C), in training of max argmax (N,C), I32
 * Values    f32, bf16, f16; f32 accumulation. A NaN is greater than any number; of several the last is the maximum.
 * Memory    borrows all; nothing may overlap. bwd_data reads dy, and argmax where there is one.
 * Exact     max: yes. average: |got - want| <= k eps S with S the sum of |terms|.
 * Source    Lin, Chen, Yan, "Network in network", 2014.
 */
#ifndef GD_KERNEL_GLOBAL_POOL_H
#define GD_KERNEL_GLOBAL_POOL_H

#include "kernel/kernel.h"
#include "kernel/pool.h"

enum {
    GLOBAL_POOL_X = GD_IN(0),
    GLOBAL_POOL_Y = GD_OUT(0),
    GLOBAL_POOL_ARGMAX = GD_SAVED(0),
    GLOBAL_POOL_DX = GD_DIN(0),
    GLOBAL_POOL_DY = GD_DOUT(0)
};

typedef struct gd_global_pool_params {
    int kind; /* gd_pool */
} gd_global_pool_params;

GD_DECLARE_REF(gd_global_pool_fwd);
GD_DECLARE_REF(gd_global_pool_bwd_data);
GD_DECLARE_SIMD(gd_global_pool_fwd);
GD_DECLARE_SIMD(gd_global_pool_bwd_data);
GD_DECLARE_CUDA(gd_global_pool_fwd, simt);
GD_DECLARE_CUDA(gd_global_pool_bwd_data, simt);
GD_DECLARE_CUDNN(gd_global_pool_fwd);
GD_DECLARE_CUDNN(gd_global_pool_bwd_data);
const char *gd_global_pool_fwd_cudnn_accepts(const gd_problem *);
const char *gd_global_pool_bwd_data_cudnn_accepts(const gd_problem *);

#endif
