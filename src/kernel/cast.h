// SPDX-License-Identifier: Apache-2.0
/* cast: the same numbers in another storage type.
 *
 *     y = x in the problem's type          dx = dy in the type of x
 *
 * Shapes    x, y any, equal
 * Values    f32, bf16, f16 in any pair; where both are the same, a copy. Narrowing rounds to nearest, ties to even; NaN
 *           stays NaN; beyond 65504 f16 is infinite.
 * Memory    borrows all; nothing may overlap.
 * Backward  bwd_data reads dy.
 * Exact     yes when widening; |got - want| <= eps |x| when narrowing, eps of the narrow type.
 */
#ifndef GD_KERNEL_CAST_H
#define GD_KERNEL_CAST_H

#include "kernel/kernel.h"

enum { CAST_X = GD_IN(0), CAST_Y = GD_OUT(0), CAST_DX = GD_DIN(0), CAST_DY = GD_DOUT(0) };

GD_DECLARE_REF(gd_cast_fwd);
GD_DECLARE_REF(gd_cast_bwd_data);
GD_DECLARE_SIMD(gd_cast_fwd);
GD_DECLARE_SIMD(gd_cast_bwd_data);
GD_DECLARE_CUDA(gd_cast_fwd, simt);
GD_DECLARE_CUDA(gd_cast_bwd_data, simt);

#endif
