// SPDX-License-Identifier: Apache-2.0
/* What all oneDNN entries share: one primitive over operands of a call, parameters in the library's own form, scratch
 * in WORK. Written for the C API of oneDNN 2.x (2.2 and later); api changes of 3.x would be met here.
 *
 * An entry's prepare makes a state, builds its primitive descriptor, and says which argument of the primitive is which
 * operand; bind, run and release are the same for all entries. WORK of a weight gradient:
 *
 *     | gradient in the library's form, rounded up to 64 | scratchpad |
 */
#ifndef GD_KERNEL_ONEDNN_H
#define GD_KERNEL_ONEDNN_H

#include "kernel/kernel.h"

/* An entry of oneDNN in an op's list: bind, run and release are the same for all. Nothing where the build lacks it. */
#define GD_ONEDNN_ENTRY(type, isa, prepare)                                                                            \
    GD_ONEDNN({"onednn", GD_CPU, GD_ONE(type), isa, GD_DETERMINISTIC, NULL, prepare, gd_onednn_bind, gd_onednn_run,    \
               gd_onednn_release})

#if defined(GRIDDLE_HAVE_ONEDNN) && !defined(GRIDDLE_INFER)
#include <oneapi/dnnl/dnnl.h>

enum { GD_ONEDNN_ARGS = 8 };

typedef struct gd_onednn {
    dnnl_engine_t engine;
    dnnl_stream_t stream;
    dnnl_primitive_t primitive;
    dnnl_exec_arg_t arg[GD_ONEDNN_ARGS + 1]; /* the scratchpad is the last */
    int operand[GD_ONEDNN_ARGS + 1];         /* whose memory it is */
    int n_args;
    size_t scratch_bytes;
    bool clears_scratch; /* the primitive reads scratch that it has not written (seen: bf16 weight gradients) */

    /* The parameter's two forms, and the reorder between them: to pack a weight, or to unpack its gradient. */
    dnnl_memory_desc_t ours, theirs;
    dnnl_primitive_t reorder;
    dnnl_exec_arg_t unpack[2]; /* of a gradient: from WORK to DPARAM */
    bool unpacks;
} gd_onednn;

/* UNSUPPORTED with oneDNN's own word for it; the plan then tries the next entry. */
gd_status gd_onednn_status(dnnl_status_t status, const char *what, gd_error *error);

gd_status gd_onednn_new(gd_onednn **state, gd_error *error);
void gd_onednn_release(void *state); /* accepts NULL and half-built ones */

dnnl_data_type_t gd_onednn_type(gd_type type);

/* NHWC as oneDNN sees it: logical (N,C,H,W), channels fastest; rank 2 stays (N,C). */
gd_status gd_onednn_activation(gd_desc desc, dnnl_memory_desc_t *md, gd_error *error);

/* Attributes that put the scratchpad into our hands; the caller destroys them. */
gd_status gd_onednn_new_attr(dnnl_primitive_attr_t *attr, gd_error *error);

/* The primitive of `pd`, run without allocation: its scratchpad lies in WORK. */
gd_status gd_onednn_set_primitive(gd_onednn *state, const_dnnl_primitive_desc_t pd, gd_needs *needs, gd_error *error);

/* Argument `arg` of the primitive, of form `md`, is operand `operand` of the call. */
gd_status gd_onednn_add_arg(gd_onednn *state, int arg, int operand, const dnnl_memory_desc_t *md, gd_error *error);

/* The parameter behind `operand` in our form (f32 KRSC) and in the form the primitive wants. As a weight: asks for a
 * pack item unless the forms agree. As a gradient: it is computed in WORK and reordered, unless they agree. */
gd_status gd_onednn_add_weight(gd_onednn *state, int arg, int operand, const dnnl_memory_desc_t *ours,
                               const dnnl_memory_desc_t *theirs, gd_needs *needs, gd_error *error);
gd_status gd_onednn_add_weight_gradient(gd_onednn *state, int arg, int operand, const dnnl_memory_desc_t *ours,
                                        const dnnl_memory_desc_t *theirs, gd_needs *needs, gd_error *error);

/* The rest of an entry. */
gd_status gd_onednn_bind(gd_call *call);
gd_status gd_onednn_run(const gd_call *call, const gd_ctx *ctx);

#endif
#endif
