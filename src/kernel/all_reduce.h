// SPDX-License-Identifier: Apache-2.0
/* all_reduce: the sum over all ranks of a block of gradients, in place. Each rank's are its share of the whole batch's
 * already: softmax_xent and bn_stats divide by record.batch.
 *
 *     dw = sum over the ranks of dw
 *
 * Shapes    dw (count), the same on every rank
 * Values    f32, f64; bf16 and f16, summed in f32 or better and rounded at least once.
 * Update    reads and writes dw. Collective: every rank runs it at the same point. INTERNAL without ctx.comm.
 * Exact     with one rank; else |got - want| <= k eps S with S the sum of |terms|.
 */
#ifndef GD_KERNEL_ALL_REDUCE_H
#define GD_KERNEL_ALL_REDUCE_H

#include "kernel/kernel.h"

enum { ALL_REDUCE_W = GD_PARAM(0), ALL_REDUCE_DW = GD_DPARAM(0) };

gd_status gd_all_reduce_update_comm(const gd_call *, const gd_ctx *);

#endif
