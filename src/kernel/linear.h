// SPDX-License-Identifier: Apache-2.0
/* linear: a matrix product with bias and activation, the fully connected layer.
 *
 *     y[n,k] = act(b[k] + sum_c x[n,c] w[k,c])
 *
 *     dx[n,c] = sum_k dy[n,k] w[k,c]          (bwd_data)
 *     dw[k,c] = sum_n dy[n,k] x[n,c]    db[k] = sum_n dy[n,k]          (bwd_weight)
 *
 * Shapes    x (N,C)  w (K,C)  b (K) or absent  ->  y (N,K)
 * Values    f32, bf16 or f16 storage, f32 accumulation; w, b, dw, db are f32
 * Post      the activation is for plans without backward: infer refuses it in training, where relu is an op.
 * Memory    borrows all; nothing may overlap. bwd_data reads w, dy; bwd_weight reads x, dy.
 * Exact     |got - want| <= k eps S with S the sum of |terms|.
 */
#ifndef GD_KERNEL_LINEAR_H
#define GD_KERNEL_LINEAR_H

#include "kernel/activation.h"
#include "kernel/kernel.h"

enum {
    LINEAR_X = GD_IN(0),
    LINEAR_W = GD_PARAM(0),
    LINEAR_B = GD_PARAM(1),
    LINEAR_Y = GD_OUT(0),
    LINEAR_DX = GD_DIN(0),
    LINEAR_DW = GD_DPARAM(0),
    LINEAR_DB = GD_DPARAM(1),
    LINEAR_DY = GD_DOUT(0)
};

typedef struct gd_linear_params {
    int features; /* K */
    bool bias;
    int activation; /* gd_activation */
} gd_linear_params;

/* The sizes of a problem by their letters. */
typedef struct gd_linear_sizes {
    int64_t N, C, K;
} gd_linear_sizes;

static inline gd_linear_sizes gd_linear_sizes_of(const gd_problem *problem)
{
    const int64_t *x = problem->desc[LINEAR_X].dim, *w = problem->desc[LINEAR_W].dim;
    gd_linear_sizes z = {x[0], x[1], w[0]};
    return z;
}

GD_DECLARE_REF(gd_linear_fwd);
GD_DECLARE_REF(gd_linear_bwd_data);
GD_DECLARE_REF(gd_linear_bwd_weight);

/* The kernels of direct convolution, for inference. */
gd_status gd_linear_fwd_avx512_prepare(const gd_problem *, int threads, gd_needs *, gd_error *);
gd_status gd_linear_fwd_avx2_prepare(const gd_problem *, int threads, gd_needs *, gd_error *);
gd_status gd_linear_direct_run(const gd_call *, const gd_ctx *);
void gd_linear_direct_release(void *state);

/* oneDNN: inner products, weights in its own blocked form. */
gd_status gd_linear_fwd_onednn_prepare(const gd_problem *, int threads, gd_needs *, gd_error *);
gd_status gd_linear_bwd_data_onednn_prepare(const gd_problem *, int threads, gd_needs *, gd_error *);
gd_status gd_linear_bwd_weight_onednn_prepare(const gd_problem *, int threads, gd_needs *, gd_error *);

GD_DECLARE_CUDA(gd_linear_fwd, simt);
GD_DECLARE_CUDA(gd_linear_bwd_data, simt);
GD_DECLARE_CUDA(gd_linear_bwd_weight, simt);
GD_DECLARE_CUDA_PREPARE(gd_linear_fwd, simt);
GD_DECLARE_CUDA_PREPARE(gd_linear_bwd_data, simt);
GD_DECLARE_CUDA_PREPARE(gd_linear_bwd_weight, simt);

#endif
