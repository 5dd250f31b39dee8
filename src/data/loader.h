// SPDX-License-Identifier: Apache-2.0
/* Loader: from a staged set to batches, ahead of the training loop. Threads fill a bounded queue of batches; the
 * order and the draws are pure functions of (seed, epoch, position), so they do not depend on the number of threads
 * and a run can resume anywhere. */
#ifndef GD_DATA_LOADER_H
#define GD_DATA_LOADER_H

#include "comm/shard.h"
#include "config/config.h"
#include "data/staged.h"
#include "kernel/augment.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The draw for one image of one epoch. `image`: its row in the staged set. `mean`: of all channels, in bytes (contrast
 * turns about it: gd_draw.brightness contains mean * (1 - contrast)). */
gd_draw gd_augment_draw(const gd_augment *augment, int height, int width, double mean, uint64_t seed, int epoch,
                        int64_t image);

/* Position → row: permutation of [0, n) of an epoch, n < 2^32. Fills order (n). */
void gd_shuffle(uint64_t seed, int epoch, int64_t n, int64_t *order);

/* A rank's share of a batch: its rows. */
typedef struct gd_batch {
    int64_t first;   /* position of row 0 in the epoch */
    int valid;       /* rows that count, maybe none; the rest are padded with zero images and targets */
    uint8_t *images; /* (batch,H,W,C) */
    gd_draw *draws;  /* (batch); NULL without augmentation */
    float *targets;  /* (batch, n_classes): one-hot; smoothing and class weights are the loss' */
    int32_t *labels; /* (batch); -1 where padded */
} gd_batch;

typedef struct gd_loader_options {
    const gd_images *images;
    const int64_t *rows; /* the split's rows; NULL: all */
    int64_t n_rows;
    int n_classes, batch;
    gd_shard shard;            /* of each batch; images 0: all of it */
    bool training;             /* shuffled, augmented, the tail of each epoch dropped; else in order and padded */
    const gd_augment *augment; /* with training */
    double mean;
    uint64_t seed;
    int first_epoch, last_epoch; /* training runs through [first, last) */
    int64_t first_batch;         /* of first_epoch */
    int threads, depth;          /* of the queue */
} gd_loader_options;

/* Borrows images and rows until freed, everything else only during the call. INVALID where the batch is larger than a
 * training split, or crop or cutout than its images. */
typedef struct gd_loader gd_loader;
gd_status gd_loader_new(const gd_loader_options *options, gd_loader **loader, gd_error *error);
void gd_loader_free(gd_loader *loader);             /* stops the threads; accepts NULL */
int64_t gd_loader_batches(const gd_loader *loader); /* per epoch */

/* The next batch, in order, valid until the next call; NULL at the end of the last epoch. */
gd_status gd_loader_next(gd_loader *loader, const gd_batch **batch, gd_error *error);

#ifdef __cplusplus
}
#endif
#endif
