// SPDX-License-Identifier: Apache-2.0
/* relu: the positive part.
 *
 *     y = max(x, 0)          dx = y > 0 ? dy : 0
 *
 * Shapes    x, y any, equal
 * Values    f32, bf16, f16. NaN propagates forward. The gradient at 0 is 0.
 * Memory    borrows all; y may be x, dx may be dy.
 * Backward  bwd_data reads y and dy.
 * Exact     yes.
 * Source    Glorot, Bordes, Bengio, "Deep sparse rectifier neural networks", 2011.
 */
#ifndef GD_KERNEL_RELU_H
#define GD_KERNEL_RELU_H

#include "kernel/kernel.h"

enum { RELU_X = GD_IN(0), RELU_Y = GD_OUT(0), RELU_DX = GD_DIN(0), RELU_DY = GD_DOUT(0) };

GD_DECLARE_REF(gd_relu_fwd);
GD_DECLARE_REF(gd_relu_bwd_data);
GD_DECLARE_SIMD(gd_relu_fwd);
GD_DECLARE_SIMD(gd_relu_bwd_data);
GD_DECLARE_CUDA(gd_relu_fwd, simt);
GD_DECLARE_CUDA(gd_relu_bwd_data, simt);

#endif
