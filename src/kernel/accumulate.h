// SPDX-License-Identifier: Apache-2.0
/* accumulate: the mean of the gradients of an update's micro-batches.
 *
 *     sum = (record.micro == 0 ? 0 : sum) + dw / record.micros
 *
 * Shapes    sum, dw (count)
 * Values    f32 (f64 in the double build). The first micro-batch does not read sum.
 * Update    reads and writes sum, reads dw.
 * Memory    borrows both; they may not overlap.
 * Exact     |got - want| <= k eps S with S the sum of |terms|.
 */
#ifndef GD_KERNEL_ACCUMULATE_H
#define GD_KERNEL_ACCUMULATE_H

#include "kernel/kernel.h"

enum { ACCUMULATE_SUM = GD_PARAM(0), ACCUMULATE_DW = GD_DPARAM(0) };

GD_DECLARE_REF(gd_accumulate_update);
GD_DECLARE_SIMD(gd_accumulate_update);

GD_DECLARE_CUDA(gd_accumulate_update, simt);

#endif
