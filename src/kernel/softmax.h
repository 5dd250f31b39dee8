// SPDX-License-Identifier: Apache-2.0
/* softmax: each row as probabilities.
 *
 *     z = (x[n,k] - max_j x[n,j]) / temperature          y[n,k] = exp(z[n,k]) / sum_j exp(z[n,j])
 *
 * Shapes    x, y (N,K)
 * Values    f32, bf16, f16. The row's largest is subtracted first, so nothing overflows; a NaN makes its whole row NaN.
 * Memory    borrows all; y may be x.
 * Backward  none: in training softmax_xent has it inside.
 * Exact     |got - want| <= k eps S: exp is conditioned by the size of its argument, so with
 *           d[k] = (|x[n,k]| + |max|) / temperature,  S = y[k] (1 + d[k] + sum_j y[j] d[j])
 */
#ifndef GD_KERNEL_SOFTMAX_H
#define GD_KERNEL_SOFTMAX_H

#include "kernel/kernel.h"

enum { SOFTMAX_X = GD_IN(0), SOFTMAX_Y = GD_OUT(0) };

typedef struct gd_softmax_params {
    double temperature;
} gd_softmax_params;

GD_DECLARE_REF(gd_softmax_fwd);
GD_DECLARE_SIMD(gd_softmax_fwd);
GD_DECLARE_CUDA(gd_softmax_fwd, simt);
GD_DECLARE_CUDNN(gd_softmax_fwd);
const char *gd_softmax_fwd_cudnn_accepts(const gd_problem *);

/* S of the tolerance law. */
gd_status gd_softmax_fwd_magnitude(const gd_call *, const gd_ctx *);

#endif
