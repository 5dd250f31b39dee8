// SPDX-License-Identifier: Apache-2.0
/* average: the exponential moving average of a block of parameters.
 *
 *     average = d average + (1 - d) w         d = record.average_decay
 *
 * Shapes    average, w (count)
 * Values    f32 (f64 in the double build).
 * Update    reads and writes average, reads w. Where tally.skip is set it changes nothing.
 * Memory    borrows both; they may not overlap.
 * Exact     |got - want| <= k eps S with S the sum of |terms|.
 * Source    Polyak, Juditsky, "Acceleration of stochastic approximation by averaging", 1992.
 */
#ifndef GD_KERNEL_AVERAGE_H
#define GD_KERNEL_AVERAGE_H

#include "kernel/kernel.h"

enum { AVERAGE_W = GD_IN(0), AVERAGE_AVERAGE = GD_PARAM(0) };

GD_DECLARE_REF(gd_average_update);
GD_DECLARE_SIMD(gd_average_update);

GD_DECLARE_CUDA(gd_average_update, simt);

#endif
