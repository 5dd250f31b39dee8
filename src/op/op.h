// SPDX-License-Identifier: Apache-2.0
/* What an op means: its parameters, shapes, cost, gradients, and its entries per direction, best first.
 * All ops stand in ONE table made from op/op.def; tests, benchmarks and plans walk it. */
#ifndef GD_OP_H
#define GD_OP_H

#include "base/field.h"
#include "kernel/kernel.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What a parameter is for: decides initial values and the groups that are not decayed. */
typedef enum gd_role {
    GD_ROLE_NONE,
    GD_ROLE_WEIGHT,       /* He normal over fan-in = all dimensions but the first */
    GD_ROLE_FINAL_WEIGHT, /* uniform in ±1/sqrt(fan-in): linear layers */
    GD_ROLE_BIAS,         /* 0; not decayed */
    GD_ROLE_SCALE,        /* 1; not decayed */
    GD_ROLE_SHIFT,        /* 0; not decayed */
    GD_ROLE_RUNNING       /* running statistics (2, C): mean 0, variance 1; no gradient */
} gd_role;

/* What the harness may put into an operand, where any number will not do. */
typedef enum gd_domain {
    GD_DOMAIN_ANY,          /* standard normal */
    GD_DOMAIN_STATISTICS,   /* (G, 2, C): means around 0, variances in [0.5, 2] */
    GD_DOMAIN_DISTRIBUTION, /* rows that are >= 0 and sum to 1 */
    GD_DOMAIN_BYTES,        /* U8 */
    GD_DOMAIN_DRAWS,        /* gd_draw records (kernel/augment.h) */
    GD_DOMAIN_POSITIVE      /* in [0.5, 2] */
} gd_domain;

typedef struct gd_cost {
    double flops; /* multiply and add are two */
    double bytes; /* operands read and written once each */
} gd_cost;

typedef struct gd_operand_info {
    const char *name; /* "x", "w", "residual" */
    gd_role role;     /* of PARAM operands */
    gd_domain domain;
} gd_operand_info;

typedef enum gd_op_trait {
    GD_OP_VIEW = 1,    /* OUT(0) is IN(0) under another shape: no step */
    GD_OP_RANGE = 2,   /* works on whole blocks (optimizers, norms): not a layer, never in a net */
    GD_OP_CONVERTS = 4 /* reads activations of other types than its own, which infer judges */
} gd_op_trait;

typedef struct gd_op {
    const char *name, *summary; /* summary: one line */
    uint32_t traits;
    size_t params_bytes;
    const gd_field *fields;               /* of its parameter struct; read and printed by base/field.h. NULL: none */
    gd_operand_info operand[GD_OPERANDS]; /* name NULL: the op has no such operand */

    /* From params, type, training and desc[IN] to desc[PARAM], desc[OUT], desc[SAVED], unread. The ONLY judge of
     * shapes: INVALID with both numbers. IN operands may be absent where the contract says so. */
    gd_status (*infer)(gd_problem *, gd_error *);
    double (*flops)(const gd_problem *, gd_direction); /* (optional) NULL: one per element written */

    struct {
        uint32_t reads, writes; /* sets of operands, by contract; those that a problem lacks drop out */
        const gd_impl *entries; /* NULL: the op has no such direction */
    } direction[GD_DIRECTIONS];

    /* The tolerance law: |got - want| <= k * epsilon(type) * S. S is what the double reference gives on the absolute
     * values of its inputs, which is the sum of |terms| of anything multilinear; else `magnitude` computes it: a run
     * on F64 operands that writes S where the direction writes its result. */
    double tolerance;                                                       /* k; 0: must be exact */
    gd_status (*magnitude[GD_DIRECTIONS])(const gd_call *, const gd_ctx *); /* (optional) */
} gd_op;

/* op.def: OP(name) everywhere, OP_TRAIN(name) not in the inference library. */
#define OP(name) extern const gd_op gd_op_##name;
#define OP_TRAIN(name) extern const gd_op gd_op_##name;
#include "op/op.def"
#undef OP
#undef OP_TRAIN

/* The table, NULL at its end, and a search by name (NULL: none). */
extern const gd_op *const gd_ops[];
const gd_op *gd_op_find(const char *name);

/* Fills the whole problem for an op: infer, gradients. */
gd_status gd_op_infer(const gd_op *op, gd_problem *problem, gd_error *error);

/* Operands that a direction of this problem really reads or writes: the contract's, less absent and unread ones. */
uint32_t gd_op_reads(const gd_op *op, const gd_problem *problem, gd_direction direction);
uint32_t gd_op_writes(const gd_op *op, const gd_problem *problem, gd_direction direction);

/* The entries of a device for a direction, best first; NULL: it has none. Ops mean the same on every device. */
const gd_impl *gd_op_entries(const gd_op *op, gd_direction direction, const gd_device *device);

gd_cost gd_op_cost(const gd_op *op, const gd_problem *problem, gd_direction direction);

/* Why `impl` may not compute `problem` on this device and machine, or NULL when it may. `features`: what the machine
 * has (gd_cpu_features, or less in tests). */
const char *gd_impl_refuses(const gd_impl *impl, const gd_problem *problem, gd_device_kind device, uint32_t features);

#ifdef __cplusplus
}
#endif
#endif
