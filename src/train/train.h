// SPDX-License-Identifier: Apache-2.0
/* Training: the loop over a plan set, with validation, checkpoints, early stopping. */
#ifndef GD_TRAIN_H
#define GD_TRAIN_H

#include "build/build.h"
#include "comm/shard.h"
#include "config/config.h"
#include "data/staged.h"
#include "dist/member.h"
#include "plan/plan.h"

#include <signal.h>

/* What is told while a run goes on. */
typedef struct gd_progress {
    int epoch, epochs;     /* this one, from 1 */
    int64_t step, steps;   /* of this epoch */
    double loss, accuracy; /* over the epoch so far */
    double learning_rate, images_per_second, seconds_left;
    bool epoch_ended; /* the fields below hold */
    bool has_validation, is_best;
    double validation_loss, validation_accuracy, seconds;
} gd_progress;

typedef struct gd_train_options {
    const gd_config *config;
    const char *run;    /* the run's folder; exists */
    const char *staged; /* the staged set */
    bool resume;
    const volatile sig_atomic_t *stop; /* not 0: finish the step, save, return GD_STOPPED; may be NULL */
    void (*progress)(void *argument, const gd_progress *); /* may be NULL */
    void (*note)(void *argument, const char *text);        /* one line that the user should see; may be NULL */
    void *argument;
    const gd_device *device; /* NULL: the CPU */
    const gd_comm *comm;     /* NULL: alone */
    gd_member *member;       /* NULL: nobody watches; else it is told of steps, and of a failure */
} gd_train_options;

typedef struct gd_train_result {
    int epochs; /* done */
    bool stopped_early;
    int best_epoch; /* from 1; 0: no validation */
    double best_accuracy, best_loss;
    double train_accuracy, train_loss; /* of the last epoch */
    double seconds;
} gd_train_result;

/* Trains to the end and leaves model.safetensors behind. INVALID for a config that does not fit the data or, resuming,
 * differs from the run's; NUMERIC when the loss is no longer a number or no update can be applied, naming epoch and
 * step; STOPPED when `stop` was seen: the checkpoint is saved then.
 *
 * With several ranks, all begin where rank 0 stands. What fails on one before the first step fails on all with the same
 * error; later, that one ends the others by way of the watch, or of comm->abort where there is none. */
gd_status gd_train(const gd_train_options *options, gd_train_result *result, gd_error *error);

/* The storage type that a config means on this device: auto is bf16 where it has that, else fp32. UNSUPPORTED, with the
 * remedy, where a named one has no hardware. */
gd_status gd_train_precision(const gd_train_config *train, const gd_device *device, gd_type *type, gd_error *error);

/* The plan set of a run: plan 0 trains, plan 1 evaluates. What bench and `griddle plan` use too. `device`: NULL is the
 * CPU. `kernels`: as in gd_set_options, NULL or what a checkpoint recorded; borrowed for the set's life. */
typedef struct gd_train_set {
    gd_net *net;
    gd_plan_set *plans;
    int micro;      /* images per pass over all ranks: batch / accumulate */
    int group;      /* images of them that stay together, as gd_shard_of takes it */
    gd_shard shard; /* of them, this rank's */
    gd_type precision;
    char note[1024]; /* what the user should know of how it was made; "": nothing */
} gd_train_set;
gd_status gd_train_set_make(const gd_config *config, const gd_build_input *input, const gd_device *device,
                            const gd_comm *comm, const char *kernels, gd_train_set *set, gd_error *error);

/* The same, laid out and not allocated: a plan to be looked at, of a net or a rank that need not fit here. */
gd_status gd_train_set_plan(const gd_config *config, const gd_build_input *input, const gd_device *device,
                            const gd_comm *comm, gd_train_set *set, gd_error *error);
void gd_train_set_release(gd_train_set *set);

/* INVALID, with both numbers, where so many ranks cannot share a batch; else how many groups there are to share. */
gd_status gd_train_check_ranks(const gd_config *config, const gd_build_input *input, int ranks, int *groups,
                               gd_error *error);

/* Fills PARAM (and AVERAGE) with initial values. */
gd_status gd_train_set_init(const gd_train_set *set, uint64_t seed, gd_error *error);

/* What a staged set says to the builder. */
gd_build_input gd_build_input_of(const gd_staged *staged);

#endif
