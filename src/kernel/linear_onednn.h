// SPDX-License-Identifier: Apache-2.0
/* A linear problem in oneDNN's terms; shared by the forward and backward entries. */
#ifndef GD_KERNEL_LINEAR_ONEDNN_H
#define GD_KERNEL_LINEAR_ONEDNN_H

#include "kernel/linear.h"
#include "kernel/onednn.h"

typedef struct gd_linear_onednn {
    dnnl_memory_desc_t x, y, bias;
    dnnl_memory_desc_t weight;       /* f32, (K,C) */
    dnnl_memory_desc_t any_weight;   /* in the storage type, any form */
    dnnl_memory_desc_t any_gradient; /* f32, any form */
    bool has_bias;
} gd_linear_onednn;

gd_status gd_linear_onednn_describe(const gd_problem *problem, gd_linear_onednn *d, gd_error *error);

/* The forward primitive descriptor, also the hint that backward ones want; owned by the caller. */
gd_status gd_linear_onednn_forward(const gd_problem *problem, const gd_linear_onednn *d, gd_onednn *state,
                                   dnnl_primitive_desc_t *pd, gd_error *error);

#endif
