// SPDX-License-Identifier: Apache-2.0
/* mul: the product of a tensor and a gate; the gate may be one number per image and channel, as squeeze-and-excitation
 * has it.
 *
 *     y[n,h,w,c] = x[n,h,w,c] * g[n,h,w,c]      or      x[n,h,w,c] * g[n,c]
 *     dx = dy * g       dg = dy * x             or      dg[n,c] = sum_{h,w} dy * x
 *
 * Shapes    x, y (N,H,W,C) or (N,C)   g as x, or (N,C)
 * Values    f32, bf16, f16; sums in f32
 * Memory    borrows all; nothing may overlap. dx or dg is NULL where nobody wants it.
 * Backward  bwd_data reads x, g, dy and writes dx, dg.
 * Exact     |got - want| <= k eps S with S the sum of |terms|.
 * Source    Hu, Shen, Sun, "Squeeze-and-excitation networks", 2018.
 */
#ifndef GD_KERNEL_MUL_H
#define GD_KERNEL_MUL_H

#include "kernel/kernel.h"

enum {
    MUL_X = GD_IN(0),
    MUL_G = GD_IN(1),
    MUL_Y = GD_OUT(0),
    MUL_DX = GD_DIN(0),
    MUL_DG = GD_DIN(1),
    MUL_DY = GD_DOUT(0)
};

/* x as images of `pixels` rows of C numbers that share one row of the gate: 1 pixel where the shapes are equal. */
typedef struct gd_mul_sizes {
    int64_t images, pixels, C;
} gd_mul_sizes;

static inline gd_mul_sizes gd_mul_sizes_of(const gd_problem *problem)
{
    const gd_desc x = problem->desc[MUL_X], g = problem->desc[MUL_G];
    int64_t C = x.dim[x.rank - 1], rows = gd_desc_count(x) / C, images = gd_desc_count(g) / C;
    gd_mul_sizes z = {images, rows / images, C};
    return z;
}

GD_DECLARE_REF(gd_mul_fwd);
GD_DECLARE_REF(gd_mul_bwd_data);
GD_DECLARE_SIMD(gd_mul_fwd);
GD_DECLARE_SIMD(gd_mul_bwd_data);
GD_DECLARE_CUDA(gd_mul_fwd, simt);
GD_DECLARE_CUDA(gd_mul_bwd_data, simt);

#endif
