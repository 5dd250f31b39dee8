// SPDX-License-Identifier: Apache-2.0
/* The inside of a plan set: what lowering, layout, binding and running share. Private to the room. */
#ifndef GD_PLAN_SET_H
#define GD_PLAN_SET_H

#include "plan/plan.h"

/* A packed parameter: made by a PACK step, read by steps of any plan of the set. */
typedef struct gd_item {
    int segment;
    bool from_average;
    gd_pack pack;     /* the first asker's */
    size_t offset;    /* in WEIGHT */
    uint64_t version; /* of the parameters it was made from; 0: never */
} gd_item;

typedef struct gd_feed gd_feed;
typedef struct gd_weights gd_weights;
enum { GD_PLAN_STREAMS = 2 };

struct gd_plan_set {
    gd_arena arena;
    gd_set_options options;
    gd_type real; /* of parameters, gradients, statistics: F32, or F64 in a set of that precision */

    int n_plans;
    gd_plan *plan;

    int n_segments;
    gd_segment *segment; /* trained ones first, then running statistics */
    int64_t trained;     /* elements of all trained segments: the first part of PARAM and of GRAD */
    int64_t params; /* with running statistics: length of PARAM, and of GRAD, which has one more with ranks: votes */
    int64_t *undecayed; /* pairs (begin, end) of trained elements without weight decay */
    int n_undecayed;

    int n_items, item_capacity;
    gd_item *item;
    uint64_t version; /* of the parameters; counts up from 1 */

    void *space[GD_SPACES]; /* on the device */
    void *view[GD_SPACES];  /* the host's copy, made when first pulled; on the CPU the space itself */
    size_t bytes[GD_SPACES];
    gd_record record;
    gd_weights *weights; /* whom PARAM and WEIGHT belong to, where parameters are fixed; else NULL: this set */

    gd_stream *stream[GD_PLAN_STREAMS]; /* compute (NULL on the CPU), communication (NULL: no step uses it) */
    gd_ctx ctx[GD_PLAN_STREAMS];
    int n_events;
    gd_event **event;
    gd_feed *feed; /* how inputs reach another device; NULL on the CPU */
};

/* feed.c: inputs and the record on their way to a device that is not the host. */
gd_status gd_feed_new(gd_plan_set *set, gd_error *error);
void gd_feed_free(gd_plan_set *set);
void *gd_feed_input(const gd_plan_set *set, const gd_slot *slot); /* where the host writes the next run's */
gd_status gd_feed_begin(gd_plan_set *set, gd_error *error);       /* puts the copies into the compute stream */
gd_status gd_feed_end(gd_plan_set *set, gd_error *error);         /* and the tally's way back */
void gd_feed_forget(gd_plan_set *set);                            /* tallies on their way are of the past */

/* weights.c: what layout does otherwise where parameters are fixed. */
gd_status gd_weights_check(const gd_plan_set *set, gd_error *error);
void gd_weights_place(gd_plan_set *set);                       /* offsets in PARAM, of what is read from there */
gd_status gd_weights_begin(gd_plan_set *set, gd_error *error); /* alone, or with the spaces of another set */
void gd_weights_end(gd_plan_set *set);                         /* leaves the spaces to be freed, or takes them away */

/* run.c */
gd_status gd_item_pack(gd_plan_set *set, gd_item *item, const float *values);

/* set.c: after a wait, whether what was waited for has come, or only the end of the communicator. */
gd_status gd_set_check_comm(const gd_plan_set *set, gd_error *error);

/* A range of the gradients that is accumulated and reduced as one, when the last of it has been written. */
typedef struct gd_bucket {
    int64_t begin, end; /* elements of GRAD */
    int missing;        /* segments of it that backward has yet to write */
    int reduced;        /* event: the sum has arrived in 16 bits; -1: none */
} gd_bucket;

/* A plan being made: steps and slots in growing arrays. */
typedef struct gd_lowering {
    gd_plan_set *set;
    gd_plan *plan;
    int step_capacity, slot_capacity;
    int *gradient; /* slot of each value's gradient, training only; -1: none (yet) */
    gd_bucket *bucket;
    int n_buckets;
    int merged; /* event that the next step on the compute stream waits for; -1: none */
} gd_lowering;

/* lower.c: forward steps, and what backward lowering builds on. */
gd_status gd_lower(gd_plan_set *set, gd_plan *plan, gd_error *error);
gd_status gd_lower_slot(gd_lowering *lowering, gd_space space, size_t bytes, const char *name, int *slot,
                        gd_error *error);
gd_status gd_lower_step(gd_lowering *lowering, const gd_step *step, gd_error *error); /* chooses the entry */
gd_step gd_step_of(const char *name, const gd_op *op, gd_direction direction, gd_phase phase, int node);

/* lower_train.c: BACKWARD, REDUCE, UPDATE. */
gd_status gd_lower_train(gd_lowering *lowering, gd_error *error);

/* A step of an op that works on whole blocks, on elements [begin, end) of each; not yet in the plan. `number`: of the
 * bucket, where there are several; -1: none. */
typedef struct gd_block {
    int operand;
    gd_space space;
} gd_block;
typedef struct gd_range {
    int64_t begin, end;
} gd_range;
gd_status gd_lower_range(gd_lowering *lowering, const char *op, int number, gd_phase phase, const void *params,
                         gd_range range, const gd_block *blocks, int n_blocks, gd_step *step, gd_error *error);

/* merge_train.c: adds what the last step calls for. */
gd_status gd_merge_parts(gd_lowering *lowering, gd_error *error);

/* bucket_train.c */
gd_status gd_buckets_make(gd_lowering *lowering, gd_error *error);
gd_status gd_buckets_written(gd_lowering *lowering, const gd_step *step, gd_error *error); /* by this backward step */
gd_status gd_buckets_close(gd_lowering *lowering, gd_error *error); /* those that backward never filled */

/* layout.c: WEIGHT items and PACK steps, offsets of all slots, memory, addresses. */
gd_status gd_layout(gd_plan_set *set, gd_error *error);

#endif
