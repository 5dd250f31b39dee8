// SPDX-License-Identifier: Apache-2.0
/* What all oneDNN entries share: one primitive over operands of a call, parameters in the library's own form, scratch
 * in WORK. Written for the C API of oneDNN 2.x (2.2 and later); api changes of 3.x would be met here.
 *
 * An op describes its layer and the operation of each direction; everything after that is the same for all entries.
 * WORK of a weight gradient:
 *
 *     | gradient in the library's form, rounded up to 64 | scratchpad |
 *
 * The library has no f16 on the CPU: there activations are described as f32, widened into WORK behind all that and
 * narrowed out of it, and packed weights are rounded to f16 where they stand, as what multiplies f16 would read them.
 */
#ifndef GD_KERNEL_ONEDNN_H
#define GD_KERNEL_ONEDNN_H

#include "kernel/kernel.h"

/* An entry of oneDNN in an op's list: bind, run and release are the same for all. Nothing where the build lacks it. */
#define GD_ONEDNN_ENTRY(type, isa, prepare)                                                                            \
    GD_ONEDNN({"onednn", GD_CPU, GD_ONE(type), isa, GD_DETERMINISTIC | GD_BITS_BY_THREADS, NULL, prepare,              \
               gd_onednn_bind, gd_onednn_run, gd_onednn_release})

/* An op's prepare for one direction, by its own static prepare(problem, direction, needs, error). OpenMP's number of
 * threads is oneDNN's. */
#define GD_ONEDNN_PREPARE(name, direction)                                                                             \
    gd_status name(const gd_problem *problem, int threads, gd_needs *needs, gd_error *error)                           \
    {                                                                                                                  \
        (void)threads;                                                                                                 \
        return prepare(problem, direction, needs, error);                                                              \
    }

#if defined(GRIDDLE_HAVE_ONEDNN) && !defined(GRIDDLE_INFER)
#include <oneapi/dnnl/dnnl.h>

/* A layer y = act(f(x, w) + b + residual) in oneDNN's terms: what a convolution and an inner product have in common,
 * with the same operand numbers in both (x, residual: IN; w, b: PARAM; y: OUT). */
typedef struct gd_onednn_layer {
    dnnl_memory_desc_t x, y, bias;
    dnnl_memory_desc_t weight;       /* f32, in our order */
    dnnl_memory_desc_t any_weight;   /* in the storage type, any form */
    dnnl_memory_desc_t any_gradient; /* f32, any form */
    gd_type storage;                 /* of the problem's activations */
    bool has_bias, has_residual;
    int activation;      /* gd_activation; with the residual a post operation, so that inference makes one pass */
    bool clears_scratch; /* bwd_weight reads scratch that it has not written (seen: bf16) */
} gd_onednn_layer;

/* UNSUPPORTED with oneDNN's own word for it; the plan then tries the next entry. */
gd_status gd_onednn_status(dnnl_status_t status, const char *what, gd_error *error);

dnnl_data_type_t gd_onednn_type(gd_type type);

/* NHWC as oneDNN sees it: logical (N,C,H,W), channels fastest; rank 2 stays (N,C). */
gd_status gd_onednn_activation(gd_desc desc, dnnl_memory_desc_t *md, gd_error *error);

/* The rest of an entry's prepare: the primitive of `direction`, its memories, its scratchpad in WORK, its weight as a
 * pack item or its weight gradient through WORK, unless oneDNN's form of it is ours. `forward` is the layer's
 * operation; `backward` its gradient's, for which oneDNN wants the forward one as a hint. */
gd_status gd_onednn_prepare(const gd_onednn_layer *layer, gd_direction direction, const_dnnl_op_desc_t forward,
                            const_dnnl_op_desc_t backward, gd_needs *needs, gd_error *error);

/* The rest of an entry. */
gd_status gd_onednn_bind(gd_call *call);
gd_status gd_onednn_run(const gd_call *call, const gd_ctx *ctx);
void gd_onednn_release(void *state); /* accepts NULL and half-built ones */

#endif
#endif
