// SPDX-License-Identifier: Apache-2.0
/* grad_norm: the length of a block of gradients, and what follows from it for the update behind it.
 *
 *     norm = sqrt(sum dw^2)
 *     tally.gradient_norm  = norm
 *     tally.gradient_scale = clip > 0 ? min(1, clip / (norm + 1e-6)) : 1
 *     tally.skip           = norm is not finite; then tally.not_finite counts one more
 *
 * Shapes    dw (count): the gradients of the parameter block
 * Values    f32 (f64 in the double build); the sum is f64.
 * Update    reads dw, writes no operand.
 * Exact     |got - want| <= k eps S, S = norm.
 * Source    Pascanu, Mikolov, Bengio, "On the difficulty of training recurrent neural networks", 2013; PyTorch's
 *           clip_grad_norm_.
 */
#ifndef GD_KERNEL_GRAD_NORM_H
#define GD_KERNEL_GRAD_NORM_H

#include "kernel/kernel.h"

enum { GRAD_NORM_W = GD_PARAM(0), GRAD_NORM_DW = GD_DPARAM(0) };

typedef struct gd_grad_norm_params {
    double clip; /* largest norm; 0: no clipping */
} gd_grad_norm_params;

/* The sum is one of partial sums over pieces of this many elements. */
enum { GD_GRAD_NORM_GRAIN = 16384 };

/* What the norm means for the update; the end of every entry. */
void gd_grad_norm_decide(const gd_problem *problem, double sum_of_squares, gd_tally *tally);

GD_DECLARE_REF(gd_grad_norm_update);
GD_DECLARE_SIMD(gd_grad_norm_update);
gd_status gd_grad_norm_update_prepare(const gd_problem *, int threads, gd_needs *, gd_error *);

#endif
