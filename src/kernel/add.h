// SPDX-License-Identifier: Apache-2.0
/* add: the sum of two tensors, with an activation behind it.
 *
 *     y = act(a + b)          da = db = dy where y > 0 or there is no activation, else 0
 *
 * Shapes    a, b, y any, equal
 * Values    f32, bf16, f16. NaN propagates forward. The gradient at 0 is 0.
 * Memory    borrows all; y may be a or b, da may be dy. da or db is NULL where nobody wants it.
 * Backward  bwd_data reads dy, and y where there is an activation.
 * Exact     |got - want| <= k eps (|a| + |b|) forward; backward yes.
 */
#ifndef GD_KERNEL_ADD_H
#define GD_KERNEL_ADD_H

#include "kernel/activation.h"
#include "kernel/kernel.h"

enum {
    ADD_A = GD_IN(0),
    ADD_B = GD_IN(1),
    ADD_Y = GD_OUT(0),
    ADD_DA = GD_DIN(0),
    ADD_DB = GD_DIN(1),
    ADD_DY = GD_DOUT(0)
};

typedef struct gd_add_params {
    int activation; /* gd_activation */
} gd_add_params;

GD_DECLARE_REF(gd_add_fwd);
GD_DECLARE_REF(gd_add_bwd_data);
GD_DECLARE_SIMD(gd_add_fwd);
GD_DECLARE_SIMD(gd_add_bwd_data);
GD_DECLARE_CUDA(gd_add_fwd, simt);
GD_DECLARE_CUDA(gd_add_bwd_data, simt);

#endif
