// SPDX-License-Identifier: Apache-2.0
/* hard_swish: x times a gate that is piecewise linear.
 *
 *     y = x * min(max(x + 3, 0), 6) / 6
 *     dx = dy * (x <= -3 ? 0 : x < 3 ? (2x + 3) / 6 : 1)
 *
 * Shapes    x, y any, equal
 * Values    f32, bf16, f16; arithmetic in f32. NaN propagates.
 * Memory    borrows all; y may be x, dx may be dy.
 * Backward  bwd_data reads x and dy. At -3 the gradient is 0, at 3 it is 1.
 * Exact     |got - want| <= k eps S, S = |x| min(|x| + 3, 6) / 6, which bounds what x + 3 rounds away.
 * Source    Howard et al., "Searching for MobileNetV3", 2019.
 */
#ifndef GD_KERNEL_HARD_SWISH_H
#define GD_KERNEL_HARD_SWISH_H

#include "kernel/kernel.h"

enum { HARD_SWISH_X = GD_IN(0), HARD_SWISH_Y = GD_OUT(0), HARD_SWISH_DX = GD_DIN(0), HARD_SWISH_DY = GD_DOUT(0) };

GD_DECLARE_REF(gd_hard_swish_fwd);
GD_DECLARE_REF(gd_hard_swish_bwd_data);
GD_DECLARE_SIMD(gd_hard_swish_fwd);
GD_DECLARE_SIMD(gd_hard_swish_bwd_data);
GD_DECLARE_CUDA(gd_hard_swish_fwd, simt);
GD_DECLARE_CUDA(gd_hard_swish_bwd_data, simt);

#endif
