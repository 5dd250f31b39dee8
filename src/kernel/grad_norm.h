// SPDX-License-Identifier: Apache-2.0
/* grad_norm: the length of a block of gradients, and what follows from it for the update behind it.
 *
 *     norm = sqrt(sum dw^2) / L                 L = tally.loss_scale: the gradients are those of L times the loss
 *     tally.gradient_norm  = norm
 *     tally.gradient_scale = (clip > 0 ? min(1, clip / (norm + 1e-6)) : 1) / L
 *     tally.skip           = norm is not finite; then tally.not_finite counts one more
 *
 * and, where growth > 0, for the gradients of the next step:
 *
 *     skipped: L = max(1, L/2), tally.good = 0        else: tally.good counts; at `growth`: L = min(2^24, 2 L), good =
 * 0
 *
 * Gradients come here reduced over all ranks, and what is not finite in one is so in the sum: all ranks decide alike.
 *
 * Shapes    dw (count): the gradients of the parameter block
 * Values    f32 (f64 in the double build); the sum is f64.
 * Update    reads dw, writes no operand.
 * Exact     |got - want| <= k eps S, S = norm.
 * Source    Pascanu, Mikolov, Bengio, "On the difficulty of training recurrent neural networks", 2013; PyTorch's
 *           clip_grad_norm_. Loss scale: Micikevicius et al., "Mixed precision training", 2018; PyTorch's GradScaler.
 */
#ifndef GD_KERNEL_GRAD_NORM_H
#define GD_KERNEL_GRAD_NORM_H

#include "base/inline.h"
#include "kernel/kernel.h"

#include <math.h>

enum { GRAD_NORM_W = GD_PARAM(0), GRAD_NORM_DW = GD_DPARAM(0) };

typedef struct gd_grad_norm_params {
    double clip; /* largest norm; 0: no clipping */
    int growth;  /* updates without overflow after which the loss scale doubles; 0: it stays as it is */
} gd_grad_norm_params;

enum { GD_LOSS_SCALE_LEAST = 1, GD_LOSS_SCALE_MOST = 1 << 24 };

/* The sum is one of partial sums over pieces of this many elements. */
enum { GD_GRAD_NORM_GRAIN = 16384 };

/* What the norm means for the update; the end of every entry. */
GD_INLINE void gd_grad_norm_decide(const gd_grad_norm_params *p, double sum_of_squares, gd_tally *tally)
{
    const double loss_scale = (double)tally->loss_scale;
    const double norm = sqrt(sum_of_squares) / loss_scale, clip = p->clip / (norm + 1e-6);
    tally->gradient_norm = (float)norm;
    tally->skip = !isfinite(tally->gradient_norm);
    tally->not_finite += tally->skip;
    tally->gradient_scale = (float)((p->clip > 0 && clip < 1 ? clip : 1) / loss_scale);
    if (p->growth == 0)
        return;
    tally->good = tally->skip ? 0 : tally->good + 1;
    if (tally->skip) {
        tally->loss_scale = fmaxf(tally->loss_scale / 2, GD_LOSS_SCALE_LEAST);
    } else if (tally->good == p->growth) {
        tally->loss_scale = fminf(tally->loss_scale * 2, GD_LOSS_SCALE_MOST);
        tally->good = 0;
    }
}

GD_DECLARE_REF(gd_grad_norm_update);
GD_DECLARE_SIMD(gd_grad_norm_update);
gd_status gd_grad_norm_update_prepare(const gd_problem *, int threads, gd_needs *, gd_error *);

GD_DECLARE_CUDA(gd_grad_norm_update, simt);

#endif
