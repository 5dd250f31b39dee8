// SPDX-License-Identifier: Apache-2.0
/* bn_apply: normalises with given statistics, scales, shifts, adds a residual, and ends in an activation.
 *
 *     xhat = (x - mean) rstd,  rstd = 1/sqrt(variance + epsilon)         of the row's group
 *     y    = act(gamma xhat + beta + residual)
 *
 *     dz      = dy where y > 0 or there is no activation, else 0
 *     sums[g] = (sum dz, sum dz xhat) over the M rows of group g
 *     dbeta   = sum_g sums[g,0]       dgamma = sum_g sums[g,1]                             (bwd_weight)
 *     dx      = gamma rstd (dz - sums[g,0]/M - xhat sums[g,1]/M)       dresidual = dz      (bwd_data)
 *
 * dx is the gradient through mean and variance too: it holds where stats are those of x (bn_stats), and there is none
 * of stats themselves.
 *
 * Shapes    x, residual, y (N,H,W,C) or (N,C)  gamma, beta (C)  stats (G,2,C), G = ceil(N / group)
 *           running (2,C): a parameter that exists exactly where stats are absent, which is evaluation and inference
 *           sums (G,2,C): SAVED(0), written by bwd_weight (which runs first), read by bwd_data
 * Values    x, residual, y and their gradients f32, bf16 or f16, all else f32. NaN passes the activation.
 * Backward  in training only, where stats must be present. bwd_weight reads x, stats, y, dy; bwd_data reads x, stats,
 *           gamma, y, dy, sums. y is not read without activation.
 * Memory    borrows all; nothing may overlap. dx or dresidual is NULL where nobody wants it.
 * Exact     |got - want| <= 8 eps S with S the sum of |terms| after every difference is taken apart: |x| + |mean| for
 *           x - mean. 8, as a term of dx is a product of up to six rounded factors.
 * Source    Ioffe, Szegedy, "Batch normalization", 2015.
 */
#ifndef GD_KERNEL_BN_APPLY_H
#define GD_KERNEL_BN_APPLY_H

#include "kernel/activation.h"
#include "kernel/bn.h"

enum {
    BN_APPLY_X = GD_IN(0),
    BN_APPLY_STATS = GD_IN(1),
    BN_APPLY_RESIDUAL = GD_IN(2),
    BN_APPLY_GAMMA = GD_PARAM(0),
    BN_APPLY_BETA = GD_PARAM(1),
    BN_APPLY_RUNNING = GD_PARAM(2),
    BN_APPLY_Y = GD_OUT(0),
    BN_APPLY_SUMS = GD_SAVED(0),
    BN_APPLY_DX = GD_DIN(0),
    BN_APPLY_DRESIDUAL = GD_DIN(2),
    BN_APPLY_DGAMMA = GD_DPARAM(0),
    BN_APPLY_DBETA = GD_DPARAM(1),
    BN_APPLY_DY = GD_DOUT(0)
};

typedef struct gd_bn_apply_params {
    int group; /* images, as in bn_stats; 0: the whole batch. Without stats there are no groups */
    double epsilon;
    int activation; /* gd_activation */
} gd_bn_apply_params;

/* Running statistics are those of one group that holds everything. */
static inline gd_bn_sizes gd_bn_apply_sizes_of(const gd_problem *problem)
{
    const gd_bn_apply_params *p = (const gd_bn_apply_params *)problem->params;
    return gd_bn_sizes_of(problem->desc[BN_APPLY_X], problem->desc[BN_APPLY_STATS].rank ? p->group : 0);
}

GD_DECLARE_REF(gd_bn_apply_fwd);
GD_DECLARE_REF(gd_bn_apply_bwd_data);
GD_DECLARE_REF(gd_bn_apply_bwd_weight);
GD_DECLARE_SIMD(gd_bn_apply_fwd);
GD_DECLARE_SIMD(gd_bn_apply_bwd_data);
GD_DECLARE_SIMD(gd_bn_apply_bwd_weight);
gd_status gd_bn_apply_fwd_prepare(const gd_problem *, int threads, gd_needs *, gd_error *);
gd_status gd_bn_apply_bwd_data_prepare(const gd_problem *, int threads, gd_needs *, gd_error *);
gd_status gd_bn_apply_bwd_weight_prepare(const gd_problem *, int threads, gd_needs *, gd_error *);

/* bf16 by pairs (kernel/bn_loops.h). */
gd_status gd_bn_apply_fwd_avx512bf16(const gd_call *, const gd_ctx *);
gd_status gd_bn_apply_bwd_data_avx512bf16(const gd_call *, const gd_ctx *);
gd_status gd_bn_apply_bwd_weight_avx512bf16(const gd_call *, const gd_ctx *);

/* S of the tolerance law. */
gd_status gd_bn_apply_fwd_magnitude(const gd_call *, const gd_ctx *);
gd_status gd_bn_apply_bwd_data_magnitude(const gd_call *, const gd_ctx *);
gd_status gd_bn_apply_bwd_weight_magnitude(const gd_call *, const gd_ctx *);

GD_DECLARE_CUDA(gd_bn_apply_fwd, simt);
GD_DECLARE_CUDA(gd_bn_apply_bwd_data, simt);
GD_DECLARE_CUDA(gd_bn_apply_bwd_weight, simt);
GD_DECLARE_CUDA_PREPARE(gd_bn_apply_bwd_weight, simt);
GD_DECLARE_CUDNN(gd_bn_apply_fwd);
const char *gd_bn_apply_fwd_cudnn_accepts(const gd_problem *);

#endif
