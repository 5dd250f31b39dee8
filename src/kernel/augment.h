// SPDX-License-Identifier: Apache-2.0
/* augment: image bytes to normalised activations. In training a small record per image, drawn beforehand, says how the
 * image is flipped, shifted, tinted and cut; without records it only normalises, which is what evaluation and inference
 * do. So there is ONE way from bytes to numbers.
 *
 *     u = x[n, h', w', c]                     h' = h + dy; j = w + dx; w' = flip ? W - 1 - j : j
 *     v = u * contrast + brightness           in units of bytes, not clipped
 *     y[n,h,w,c] = cut(h, w) ? 0 : (v - mean[c]) / deviation[c]
 *
 * So the flip comes first, then the shift, then tint, then the cut. Outside the image u is mean[c] (edge zero: 0 of the
 * normalised scale, before tint) or the image's reflection without its border (edge reflect: 2 1 | 0 1 2 3 | 2 1 0).
 *
 * Shapes    x (N,H,W,C) U8, draws (N, sizeof(gd_draw)) U8 or absent  ->  y (N,H,W,C)
 * Values    y f32, bf16 or f16; arithmetic in f32 (f64 in the double build). Mean and deviation in units of bytes: the
 *           list has one entry or C.
 * Backward  none: images have no gradient.
 * Memory    borrows all; nothing may overlap.
 * Exact     |got - want| <= k eps S, S = (|u contrast| + |brightness| + |mean|) / deviation.
 */
#ifndef GD_KERNEL_AUGMENT_H
#define GD_KERNEL_AUGMENT_H

#include "base/field.h"
#include "base/inline.h"
#include "kernel/kernel.h"

enum { AUGMENT_X = GD_IN(0), AUGMENT_DRAWS = GD_IN(1), AUGMENT_Y = GD_OUT(0) };

/* What is drawn for one image. */
typedef struct gd_draw {
    int16_t dx, dy;       /* shift of the crop window, in pixels */
    int16_t cut_x, cut_y; /* corner of the square cut out; may lie outside */
    int16_t cut_side;     /* 0: none */
    uint8_t flip;         /* 1: mirrored left to right */
    uint8_t reserved;     /* 0 */
    float contrast;       /* factor; 1: none */
    float brightness;     /* added, in units of bytes; 0: none */
} gd_draw;                /* 20 bytes */

#define GD_EDGE_CHOICES "zero reflect"
typedef enum gd_edge { GD_EDGE_ZERO, GD_EDGE_REFLECT } gd_edge;

typedef struct gd_augment_params {
    gd_reals mean, deviation; /* per channel, in bytes (0 … 255) */
    int edge;                 /* gd_edge: what lies outside the image */
} gd_augment_params;

/* Column or row `i` of `size`, brought back into the image; -1: outside. */
GD_INLINE int64_t gd_augment_source(int64_t i, int64_t size, int edge)
{
    if (i >= 0 && i < size)
        return i;
    if (edge == GD_EDGE_ZERO)
        return -1;
    int64_t period = size > 1 ? 2 * (size - 1) : 1;
    i = (i % period + period) % period;
    return i < size ? i : period - i;
}

/* The list has one entry for all channels, or one each. */
static inline double gd_augment_channel(gd_reals list, int64_t c) { return list.at[list.n > 1 ? c : 0]; }

GD_DECLARE_REF(gd_augment_fwd);
GD_DECLARE_SIMD(gd_augment_fwd);
GD_DECLARE_CUDA(gd_augment_fwd, simt);
gd_status gd_augment_fwd_prepare(const gd_problem *, int threads, gd_needs *, gd_error *);

/* S of the tolerance law. */
gd_status gd_augment_fwd_magnitude(const gd_call *, const gd_ctx *);

#endif
