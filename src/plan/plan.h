// SPDX-License-Identifier: Apache-2.0
/* A plan: a net lowered once, into a flat array of steps over memory that is laid out beforehand. The executor is a
 * `for` with one call in it. `griddle plan` prints it.
 *
 * Plans come in sets that are built together over shared blocks: train(B), eval(B), infer(1, 2, 4 …).
 *
 *     PARAM   fp32 masters, KRSC, in net order; behind them the running statistics
 *     GRAD    the gradients in the same layout; behind them this batch's statistics
 *     STATE   planes like PARAM: momentum, second moment, accumulated gradients; AVERAGE likewise
 *     WEIGHT  packed forms of parameters that entries asked for; equal ones stand once for the whole set
 *     ACT     activations, saved extras, gradients of activations: by liveness
 *     WORK    scratch: the largest of all steps
 *     INPUT   images, draws, targets
 *
 * They lie on the device. Host code has a view of each: on the CPU the space itself, elsewhere a copy that `pull`
 * fetches and `push` writes back.
 */
#ifndef GD_PLAN_H
#define GD_PLAN_H

#include "comm/comm.h"
#include "net/net.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum gd_space {
    GD_SPACE_PARAM,
    GD_SPACE_GRAD,
    GD_SPACE_MOMENT1,
    GD_SPACE_MOMENT2,
    GD_SPACE_ACCUM,
    GD_SPACE_AVERAGE,
    GD_SPACE_WEIGHT,
    GD_SPACE_ACT,
    GD_SPACE_WORK,
    GD_SPACE_INPUT,
    GD_SPACE_WIRE,  /* gradients on their way between ranks, where that is in 16 bits */
    GD_SPACE_TALLY, /* the device half of the step record */
    GD_SPACES
} gd_space;
const char *gd_space_name(gd_space space);

typedef enum gd_phase { GD_PACK, GD_FORWARD, GD_BACKWARD, GD_REDUCE, GD_STEP_UPDATE, GD_PHASES } gd_phase;

/* A range of a space, live in steps [first, last] of its plan. Blocks that outlive plans have first 0, last INT_MAX. */
typedef struct gd_slot {
    gd_space space;
    size_t offset, bytes;
    int first, last;
    const char *name;
} gd_slot;

typedef struct gd_step {
    const char *name; /* "block1.conv.bwd_data" */
    const gd_op *op;
    gd_direction direction;
    const gd_impl *impl;
    gd_phase phase;
    int node; /* of the plan's net; -1: belongs to no layer */
    gd_problem problem;
    int slot[GD_OPERANDS];  /* -1: none; a packed parameter has its WEIGHT item's */
    int item[GD_MAX_PARAM]; /* WEIGHT item of PARAM(i) of the set, or of a PACK step what it makes (item[0]); -1: none
                             */
    gd_needs needs;
    gd_call call; /* bound */
    const gd_ctx *ctx;
    gd_cost cost;
    int stream;           /* 0: compute, 1: communication */
    int wait, signal;     /* event numbers of the set; -1: none */
    const char *refusals; /* "avx512: needs 16 channels; …": why earlier entries were not taken */
    const char *tuned;    /* "mma 41.2 us, simt 130.5 us": what entries took, where that has chosen; "": it has not */
} gd_step;

/* Where a parameter lies: the segment table that goes with PARAM, GRAD, STATE and AVERAGE. */
typedef struct gd_segment {
    const char *name;
    int64_t offset, count; /* in elements from the start of the block */
    gd_desc desc;
    gd_role role;
} gd_segment;

typedef enum gd_mode { GD_MODE_TRAIN, GD_MODE_EVAL, GD_MODE_INFER } gd_mode;

enum { GD_PASS_FUSE = 1, GD_PASS_ALL = 1 };

typedef enum gd_optimizer { GD_SGD, GD_NESTEROV, GD_ADAMW } gd_optimizer;

typedef struct gd_update_options {
    gd_optimizer optimizer;
    double momentum, beta2, epsilon; /* momentum is AdamW's beta1 too */
    double weight_decay;
    double clip_norm;  /* 0: no clipping */
    double loss_scale; /* at the start (kernel/grad_norm.h); 0: 1 */
    int loss_growth;   /* updates after which it doubles; 0: it stays as it is */
    bool average;      /* keep an average of the weights */
    int accumulate;    /* micro-batches per update, at least 1 */
} gd_update_options;

typedef struct gd_plan_options {
    gd_mode mode;
    int batch;
    gd_type precision; /* storage of activations: GD_F32, GD_BF16, GD_F16, GD_F64 (reference kernels only) */
    bool from_average; /* read the average of the weights */
    uint32_t passes;   /* GD_PASS_ALL unless a test says otherwise */
} gd_plan_options;

typedef struct gd_tuner gd_tuner;
typedef struct gd_plan_set gd_plan_set; /* owns plans, nets made by passes, states and memory */

typedef struct gd_set_options {
    const gd_device *device;
    const gd_comm *comm; /* NULL: no all-reduce steps at all */
    int threads;
    uint32_t features;        /* gd_cpu_features(), or less */
    gd_update_options update; /* of a training plan */
    size_t bucket_bytes;      /* of gradients that are reduced together; 0: by the model's size (plan/bucket_train.c) */
    gd_type reduced_as;       /* what gradients are while they travel: F32, BF16 or F16 */
    const struct gd_attr *impl;    /* (optional) map op → entry name to force */
    const char *kernels;           /* (optional) lines "STEP ENTRY": what each step takes if that still accepts it */
    gd_tuner *tuner;               /* (optional) puts measured entries first; asked while a set is made (plan/tune.h) */
    uint64_t shuffle_entries;      /* tests: not 0: try entries in an order drawn from this */
    bool fixed;                    /* parameters come once, by gd_plan_set_fill: of inference on the CPU alone */
    const gd_plan_set *weights_of; /* (optional, with fixed) a filled set, of the same net and plans and with the same
                                      options: its parameters and packed weights are this one's too */
    bool measure;                  /* lay out and allocate nothing: for gd_plan_set_bytes alone */
    bool poison;                   /* tests: fill an activation's slot with NaN when it dies */
} gd_set_options;

typedef struct gd_plan {
    const char *name; /* "train(128)" */
    gd_plan_options options;
    const gd_net *net; /* after passes; owned by the set */
    int n_steps, n_slots;
    gd_step *step;
    gd_slot *slot;
    int phase_end[GD_PHASES];   /* steps of phase p: [phase_end[p-1], phase_end[p]), and of REDUCE those that stand
                                   among BACKWARD's: a bucket is reduced as soon as it is full */
    int *value_slot;            /* of each value of the net; -1: gone by fusion */
    int64_t runs[GD_PHASES];    /* up to each phase, so far */
    gd_graph *graph[GD_PHASES]; /* captured runs up to each phase, on a device that can; NULL: not yet */
} gd_plan;

/* Builds all plans of `net` (the training net: passes derive the rest) and lays out one memory for them. UNSUPPORTED,
 * with every refusal, where no entry takes a step; NOMEM with what is needed and what is free. */
gd_status gd_plan_set_new(const gd_net *net, const gd_plan_options *plans, int n_plans, const gd_set_options *options,
                          gd_plan_set **set, gd_error *error);
void gd_plan_set_free(gd_plan_set *set); /* accepts NULL */

const gd_plan *gd_plan_set_plan(const gd_plan_set *set, int i);

/* The host's view of a space: F32 elements where parameters are meant (F64 in a set of that precision). NULL: there is
 * no such space, or it was never pulled. */
void *gd_plan_set_space(const gd_plan_set *set, gd_space space);
size_t gd_plan_set_bytes(const gd_plan_set *set, gd_space space);

/* Makes the view what the device has, or the reverse; waits. Nothing to do for a space that is not there. */
gd_status gd_plan_set_pull(gd_plan_set *set, gd_space space, gd_error *error);
gd_status gd_plan_set_push(gd_plan_set *set, gd_space space, gd_error *error);
const gd_segment *gd_plan_set_segments(const gd_plan_set *set, int *n);
gd_record *gd_plan_set_record(gd_plan_set *set); /* written by the caller before each run */

/* The host's view of the tally: on a device that runs ahead, as it was after one of the last runs. Pull it to have it
 * as it is. */
gd_tally *gd_plan_set_tally(gd_plan_set *set);

/* Says that PARAM (or AVERAGE) was written from outside, so that packed weights are stale. */
void gd_plan_set_touch(gd_plan_set *set);

/* Of a set with fixed parameters: all values come, once, and are packed. PARAM then has those alone that steps read as
 * they are; the other segments have offset -1. `source` gives those of a segment, which stay until its next call. Sets
 * that share weights run at the same time in several threads, and are made while others run; each may be freed first.
 */
typedef gd_status (*gd_fill_source)(void *argument, const gd_segment *segment, const float **values, gd_error *error);
gd_status gd_plan_set_fill(gd_plan_set *set, gd_fill_source source, void *argument, gd_error *error);

/* From the next run on loops are cut for that many threads. The inference library's entries prepare alike for any. */
void gd_plan_set_cut(gd_plan_set *set, int threads);

/* Runs plan i: PACK if the parameters have moved on, then phases up to `last`. Errors name the step. */
gd_status gd_plan_run(gd_plan_set *set, int i, gd_phase last, gd_error *error);

/* Memory of a value of the plan's net by name ("images", "targets", "logits"), or NULL; *desc may be NULL. Inputs:
 * where host code writes the next run's, all of them or none (then they are what they were); asked for anew before each
 * run. Outputs (on the CPU alone) hold after a run until the next run of any plan of the set. */
void *gd_plan_value(const gd_plan_set *set, int i, const char *name, gd_desc *desc);

/* How many bytes of its memory a step sums over the ranks; 0: it is this rank's own affair. */
size_t gd_step_reduced_bytes(const gd_step *step);

/* What a rank sends, and receives, of a sum of so many bytes: 2 (ranks - 1) / ranks of them, each rank a part of every
 * sum. No algorithm needs less; rings do with just that. */
double gd_wire_bytes(double bytes, int ranks);

/* EXPLAIN: every step with shapes, entry, refusals, stream, FLOPs, bytes, slots; the memory by space; totals; with a
 * communicator what is reduced, when, and how much of it goes over the wire. */
struct gd_text;
void gd_plan_print(const gd_plan_set *set, int i, struct gd_text *out);

/* The entries that the set's plans chose, as lines that gd_set_options.kernels takes. */
void gd_plan_print_kernels(const gd_plan_set *set, struct gd_text *out);

/* The passes (each a pure function, one file): net → net. */
gd_status gd_pass_mode(const gd_net *net, gd_mode mode, int batch, gd_net **out, gd_error *error);
gd_status gd_pass_precision(const gd_net *net, gd_type precision, gd_net **out, gd_error *error);
gd_status gd_pass_fuse(const gd_net *net, bool training, const gd_set_options *options, gd_net **out, gd_error *error);
/* mode       evaluation and inference: draws, dropout and batch statistics go; inference ends in softmax
 * precision  storage types, with casts where they meet
 * fuse       what follows a convolution, linear layer or batch norm becomes its parameter, where an entry takes it */

/* Folds batch norm's running statistics into the convolution or linear layer before it. Values change too: `from`
 * and `to` are blocks laid out as the parameters of `net` and of `*out` in order; *to is malloc'd. */
gd_status gd_pass_fold(const gd_net *net, const float *from, gd_net **out, float **to, gd_error *error);

#ifdef __cplusplus
}
#endif
#endif
