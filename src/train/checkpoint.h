// SPDX-License-Identifier: Apache-2.0
/* Checkpoints: everything that the next step depends on. One safetensors file:
 *
 *     param/<name>  moment1/<name>  moment2/<name>  average/<name>     the planes that the run has
 *     state (…) F64                                                    gd_train_state, in order of its fields
 *
 * Metadata: "format" "griddle-checkpoint", "format_version", "config" (as resolved), "data" (of the images), and what
 * the bits depend on besides: "machine" and "kernels" (the entry of each step), a line each.
 */
#ifndef GD_TRAIN_CHECKPOINT_H
#define GD_TRAIN_CHECKPOINT_H

#include "base/text.h"
#include "train/train.h"

/* Where a run stands; every number is exact in a double. */
typedef struct gd_train_state {
    double epoch, batch;          /* epochs done; updates done of the next one */
    double loss, images, correct; /* sums of that epoch so far */
    double applied, not_finite;
    double best_epoch, best_accuracy, best_loss; /* epoch from 1; 0: none yet */
    double waited;                               /* epochs since the best */
    double seconds;
    double finished;                   /* 1: nothing is left to do */
    double train_loss, train_accuracy; /* of the last whole epoch */
    double loss_scale, good;           /* of the tally */
} gd_train_state;

/* `data`: what tells the images from others (a short text). */
gd_status gd_checkpoint_save(const char *path, const gd_train_set *set, const gd_train_state *state,
                             const gd_config *config, const char *data, gd_error *error);

/* The kernels of the run, for gd_train_set_make; "" where it does not say. In the arena. */
gd_status gd_checkpoint_kernels(const char *path, gd_arena *arena, const char **kernels, gd_error *error);

/* Restores planes and state. INVALID when the checkpoint's config differs (train.epochs aside, which may not be less
 * than what is done), naming the first key that does. `note` receives what else differs from when it was made (version,
 * threads, kernels), or stays empty. */
gd_status gd_checkpoint_load(const char *path, const gd_train_set *set, gd_train_state *state, const gd_config *config,
                             const char *data, gd_text *note, gd_error *error);

/* INVALID when the checkpoint's config differs (train.epochs aside), naming the first key that does, or its images
 * (`data` NULL: not compared); IO, FORMAT when it cannot be read. For before a run's folder is touched. */
gd_status gd_checkpoint_check(const char *path, const gd_config *config, const char *data, gd_error *error);

/* The parameters alone, by name: best.safetensors. From the average where the run keeps one. */
gd_status gd_parameters_save(const char *path, const gd_train_set *set, gd_error *error);

#endif
