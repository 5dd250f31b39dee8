// SPDX-License-Identifier: Apache-2.0
/* metrics: adds a batch to the sums that are reported. Over the first record.valid rows:
 *
 *     tally.loss    += sum of loss
 *     tally.images  += rows
 *     tally.correct += rows whose largest logit is where the largest target is (the first of equals)
 *
 * Shapes    logits (N,K), targets (N,K), loss (N)
 * Values    logits f32, bf16 or f16, targets and loss f32; sums in f64. A row with a NaN among its logits is not
 * correct. Forward   reads all, writes no operand. Exact     yes, but for the order of the sum of losses.
 */
#ifndef GD_KERNEL_METRICS_H
#define GD_KERNEL_METRICS_H

#include "kernel/kernel.h"

enum { METRICS_LOGITS = GD_IN(0), METRICS_TARGETS = GD_IN(1), METRICS_LOSS = GD_IN(2) };

GD_DECLARE_REF(gd_metrics_fwd);
GD_DECLARE_CUDA(gd_metrics_fwd, simt);
GD_DECLARE_CUDA_PREPARE(gd_metrics_fwd, simt);

#endif
