// SPDX-License-Identifier: Apache-2.0
/* bn_merge: what each rank knows of one group of images that is spread over all ranks (batch_norm.group: all), put
 * together, in place. s = images / record.batch is the rank's share of the group.
 *
 *     statistics (sums: false), of bn_stats     mean     = sum over the ranks of s mean
 *                                               variance = sum over the ranks of s (variance + (own mean - mean)^2)
 *     sums (sums: true), of bn_apply            both     = s * sum over the ranks
 *
 * bn_apply divides sums by its own M rows; M/s are those of all ranks, hence the s.
 *
 * Shapes    stats (1,2,C), or sums of that shape
 * Values    f32 (f64 in the double build).
 * Update    reads and writes stats. Collective: every rank runs it at the same point. INTERNAL without ctx.comm.
 * Memory    borrows it; WORK holds C numbers.
 * Exact     |got - want| <= k eps S with S the sum of |terms|, (|own mean| + |mean|)^2 for the square.
 * Source    Chan, Golub, LeVeque, "Updating formulae and a pairwise algorithm for computing sample variances", 1979.
 */
#ifndef GD_KERNEL_BN_MERGE_H
#define GD_KERNEL_BN_MERGE_H

#include "kernel/kernel.h"

enum { BN_MERGE_STATS = GD_PARAM(0) };

typedef struct gd_bn_merge_params {
    int images; /* of the group on this rank */
    bool sums;
} gd_bn_merge_params;

GD_DECLARE_REF(gd_bn_merge_update);
gd_status gd_bn_merge_update_magnitude(const gd_call *, const gd_ctx *);

GD_DECLARE_CUDA(gd_bn_merge_update, simt);
GD_DECLARE_CUDA_PREPARE(gd_bn_merge_update, simt);

#endif
