// SPDX-License-Identifier: Apache-2.0
/* adamw: Adam with decoupled weight decay over a block of parameters.
 *
 *     g = scale dw                         scale = tally.gradient_scale
 *     w = w - rate weight_decay w          rate = record.learning_rate; not in the undecayed ranges
 *     m = beta1 m + (1 - beta1) g
 *     v = beta2 v + (1 - beta2) g^2
 *     w = w - rate/(1 - beta1^t) m / (sqrt(v)/sqrt(1 - beta2^t) + epsilon)         t = tally.applied + 1
 *
 * Shapes    w, dw, m, v (count)
 * Values    f32 (f64 in the double build). m and v start as zeros.
 * Update    reads and writes w, m, v, reads dw, and counts tally.applied. Where tally.skip is set it changes nothing.
 * Memory    borrows all; nothing may overlap.
 * Exact     |got - want| <= 8 eps S with S the sum of |terms|: a term is a product of up to six rounded factors.
 * Source    Loshchilov, Hutter, "Decoupled weight decay regularization", 2019; PyTorch's AdamW.
 */
#ifndef GD_KERNEL_ADAMW_H
#define GD_KERNEL_ADAMW_H

#include "kernel/kernel.h"

#include <math.h>

enum { ADAMW_W = GD_PARAM(0), ADAMW_DW = GD_DPARAM(0), ADAMW_M = GD_SAVED(0), ADAMW_V = GD_SAVED(1) };

typedef struct gd_adamw_params {
    double beta1, beta2, epsilon, weight_decay;
    const int64_t *undecayed; /* (kernel/decay.h) borrowed; set by the plan */
    int n_undecayed;          /* pairs */
} gd_adamw_params;

/* What one update does to every element, from the record and the tally. */
typedef struct gd_adamw_factors {
    double scale;  /* of the gradients */
    double decay;  /* w times this, where it decays */
    double length; /* rate / (1 - beta1^t) */
    double root;   /* sqrt(1 - beta2^t) */
} gd_adamw_factors;

static inline gd_adamw_factors gd_adamw_factors_of(const gd_adamw_params *p, const gd_ctx *ctx)
{
    double rate = (double)ctx->record->learning_rate, t = (double)(ctx->tally->applied + 1);
    gd_adamw_factors factors = {(double)ctx->tally->gradient_scale, 1 - rate * p->weight_decay,
                                rate / (1 - pow(p->beta1, t)), sqrt(1 - pow(p->beta2, t))};
    return factors;
}

GD_DECLARE_REF(gd_adamw_update);
GD_DECLARE_SIMD(gd_adamw_update);

/* S of the tolerance law. */
gd_status gd_adamw_update_magnitude(const gd_call *, const gd_ctx *);

GD_DECLARE_CUDA(gd_adamw_update, simt);
GD_DECLARE_CUDA_PREPARE(gd_adamw_update, simt);
GD_EXTERN void gd_adamw_update_simt_release(void *state);

#endif
