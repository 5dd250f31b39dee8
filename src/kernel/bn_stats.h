// SPDX-License-Identifier: Apache-2.0
/* bn_stats: mean and variance of every channel over each group of images; their mean over the groups, which lies where
 * a gradient would and is reduced as one; and the running statistics that evaluation uses instead.
 *
 *     stats[g,0,c] = mean of x over the M rows of group g
 *     stats[g,1,c] = mean of (x - mean)^2          biased, as bn_apply wants it
 *
 *     drunning[0,c] = sum_g N_g/B mean_g                            (bwd_weight; N_g: images of group g, B =
 * record.batch) drunning[1,c] = sum_g N_g/B variance_g * M_g/(M_g - 1)
 *
 *     running = (1 - m) running + m drunning                                                 (update, m = momentum)
 *
 * Shapes    x (N,H,W,C) or (N,C)  ->  stats (G,2,C), G = ceil(N / group)      running, drunning (2,C)
 * Values    x f32, bf16 or f16, all else f32. A group of one row has variance 0.
 * Backward  bwd_weight reads stats; summed over the ranks, drunning is that of the whole batch. There is no dx: that of
 *           bn_apply is the whole gradient, through the statistics too.
 * Update    reads drunning and running, writes running; leaves it alone where tally.skip is set.
 * Memory    borrows all; nothing may overlap.
 * Exact     |got - want| <= 8 eps S with S = sum |x|/M for the mean, sum |x - mean| (|x| + |mean|)/M for the variance.
 *           So the mean may be far from 0, as only differences from about it are squared. 8: rows are summed in f32.
 * Source    Ioffe, Szegedy, "Batch normalization", 2015; combining pieces: Chan, Golub, LeVeque, "Updating formulae and
 *           a pairwise algorithm for computing sample variances", 1979.
 */
#ifndef GD_KERNEL_BN_STATS_H
#define GD_KERNEL_BN_STATS_H

#include "kernel/bn.h"

enum {
    BN_STATS_X = GD_IN(0),
    BN_STATS_RUNNING = GD_PARAM(0),
    BN_STATS_STATS = GD_OUT(0),
    BN_STATS_DRUNNING = GD_DPARAM(0)
};

typedef struct gd_bn_stats_params {
    int group; /* images; 0: the whole batch. On several ranks bn_merge puts that together */
    double momentum;
} gd_bn_stats_params;

GD_DECLARE_REF(gd_bn_stats_fwd);
GD_DECLARE_REF(gd_bn_stats_bwd_weight);
GD_DECLARE_REF(gd_bn_stats_update);
GD_DECLARE_SIMD(gd_bn_stats_fwd);
gd_status gd_bn_stats_fwd_prepare(const gd_problem *, int threads, gd_needs *, gd_error *);

/* bf16 by pairs (kernel/bn_loops.h). */
gd_status gd_bn_stats_fwd_avx512bf16(const gd_call *, const gd_ctx *);

/* S of the tolerance law. */
gd_status gd_bn_stats_fwd_magnitude(const gd_call *, const gd_ctx *);

GD_DECLARE_CUDA(gd_bn_stats_fwd, simt);
GD_DECLARE_CUDA_PREPARE(gd_bn_stats_fwd, simt);
GD_DECLARE_CUDA(gd_bn_stats_bwd_weight, simt);
GD_DECLARE_CUDA(gd_bn_stats_update, simt);

#endif
