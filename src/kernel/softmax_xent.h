// SPDX-License-Identifier: Apache-2.0
/* softmax_xent: cross-entropy of softmax(logits) against dense targets, a loss per row; its gradient is that of the
 * mean over the batch's rows (B = record.batch of them on all ranks), times the loss scale.
 *
 *     t'[n,k] = (1 - s) t[n,k] + s/K sum_j t[n,j]               s = label_smoothing
 *     loss[n] = -sum_k w[k] t'[n,k] log p[n,k]                  p = softmax of the row, w = class_weights
 *     dlogits[n,k] = L (p[n,k] sum_j w[j] t'[n,j] - w[k] t'[n,k]) / B          L = tally.loss_scale
 *
 * Shapes    logits (N,K), targets (N,K)  ->  loss (N)
 * Values    logits and dlogits f32, bf16 or f16; targets and loss f32. A row of zeros (padding) has loss and gradient
 * 0. The row's largest logit is subtracted first, so nothing overflows; a NaN among the logits reaches the loss.
 * Backward  bwd_data reads logits and targets. dloss is not read: it is L/B by definition.
 * Memory    borrows all; nothing may overlap.
 * Exact     |got - want| <= k eps S: exp and log are conditioned by the size of their arguments, so with
 *           d = |logit| + |largest logit| of the row, z = log sum exp(logit - largest)
 *               loss     S = sum_k w[k] t'[k] (d[k] + z + 1)
 *               dlogits  S = L (p[k] (1 + d[k]) sum_j w[j] t'[j] + w[k] t'[k]) / B
 * Source    PyTorch's CrossEntropyLoss with class probabilities, reduction "mean"; smoothing: Szegedy et al.,
 *           "Rethinking the inception architecture", 2016.
 */
#ifndef GD_KERNEL_SOFTMAX_XENT_H
#define GD_KERNEL_SOFTMAX_XENT_H

#include "base/field.h"
#include "kernel/kernel.h"

enum {
    SOFTMAX_XENT_LOGITS = GD_IN(0),
    SOFTMAX_XENT_TARGETS = GD_IN(1),
    SOFTMAX_XENT_LOSS = GD_OUT(0),
    SOFTMAX_XENT_DLOGITS = GD_DIN(0)
};

typedef struct gd_softmax_xent_params {
    double label_smoothing;
    gd_reals class_weights; /* K, or empty: 1 each */
} gd_softmax_xent_params;

GD_DECLARE_REF(gd_softmax_xent_fwd);
GD_DECLARE_REF(gd_softmax_xent_bwd_data);
GD_DECLARE_SIMD(gd_softmax_xent_fwd);
GD_DECLARE_SIMD(gd_softmax_xent_bwd_data);
gd_status gd_softmax_xent_prepare(const gd_problem *, int threads, gd_needs *, gd_error *);
GD_DECLARE_CUDA(gd_softmax_xent_fwd, simt);
GD_DECLARE_CUDA(gd_softmax_xent_bwd_data, simt);
GD_DECLARE_CUDA_PREPARE(gd_softmax_xent, simt);

/* S of the tolerance law. */
gd_status gd_softmax_xent_fwd_magnitude(const gd_call *, const gd_ctx *);
gd_status gd_softmax_xent_bwd_data_magnitude(const gd_call *, const gd_ctx *);

#endif
