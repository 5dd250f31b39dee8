// SPDX-License-Identifier: Apache-2.0
/* sgd: stochastic gradient descent over a block of parameters; plain, with momentum, or Nesterov's.
 *
 *     g = scale dw + weight_decay w        scale = tally.gradient_scale; no decay in the undecayed ranges
 *     m = momentum m + g
 *     w = w - rate (nesterov ? g + momentum m : m)         rate = record.learning_rate; without momentum m is g
 *
 * Shapes    w, dw, m (count); m is absent where momentum is 0
 * Values    f32 (f64 in the double build). m starts as zeros.
 * Update    reads and writes w and m, reads dw, and counts tally.applied. Where tally.skip is set it changes nothing.
 * Memory    borrows all; nothing may overlap.
 * Exact     |got - want| <= 8 eps S with S the sum of |terms|: a term is a product of up to six rounded factors.
 * Source    PyTorch's SGD (dampening 0); Sutskever et al., "On the importance of initialization and momentum", 2013.
 */
#ifndef GD_KERNEL_SGD_H
#define GD_KERNEL_SGD_H

#include "kernel/kernel.h"

enum { SGD_W = GD_PARAM(0), SGD_DW = GD_DPARAM(0), SGD_M = GD_SAVED(0) };

typedef struct gd_sgd_params {
    double momentum;
    bool nesterov; /* needs momentum */
    double weight_decay;
    const int64_t *undecayed; /* (kernel/decay.h) borrowed; set by the plan */
    int n_undecayed;          /* pairs */
} gd_sgd_params;

GD_DECLARE_REF(gd_sgd_update);
GD_DECLARE_SIMD(gd_sgd_update);

/* S of the tolerance law. */
gd_status gd_sgd_update_magnitude(const gd_call *, const gd_ctx *);

GD_DECLARE_CUDA(gd_sgd_update, simt);
GD_DECLARE_CUDA_PREPARE(gd_sgd_update, simt);
GD_EXTERN void gd_sgd_update_simt_release(void *state);

#endif
