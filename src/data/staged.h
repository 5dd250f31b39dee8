// SPDX-License-Identifier: Apache-2.0
/* A staged set: what `griddle stage` makes of any source. One safetensors file, mapped, never loaded.
 *
 *     train.images (n,H,W,C) U8    train.labels (n) I32     train.names (bytes) U8: file names, 0-separated; optional
 *     test.images, test.labels, test.names                  only where the source has a test split
 *
 * Metadata: "format" "griddle-staged", "format_version", "classes" (JSON array), "source", "mean" and "deviation"
 * (JSON arrays per channel in bytes, over train), "settings" (what decides the content; a change stages anew),
 * "rejected" (JSON array of {"file", "reason"}).
 *
 * The training images appear in the source's order. The validation split is not stored: it is drawn from the seed
 * (gd_split_make), so that one staged set serves any.
 */
#ifndef GD_DATA_STAGED_H
#define GD_DATA_STAGED_H

#include "store/safetensors.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct gd_images {
    int64_t n;
    int height, width, channels;
    const uint8_t *pixels;    /* (n, H, W, C); borrowed from the mapping */
    const int32_t *labels;    /* (n), each in [0, n_classes) */
    const char *const *names; /* (n), or NULL: the source has no names */
} gd_images;

typedef struct gd_staged {
    gd_safetensors file;
    gd_arena arena;
    char path[4096];
    int n_classes;
    const char *const *classes;
    double mean[4], deviation[4]; /* per channel over the training images, in bytes */
    gd_images train, test;        /* test.n 0: no test split, or not opened */
} gd_staged;

/* Which splits to look at. Training opens GD_OPEN_TRAIN alone: the pages of the test images are never touched, and
 * `test` stays empty. */
typedef enum gd_open { GD_OPEN_TRAIN = 1, GD_OPEN_TEST = 2 } gd_open;
gd_status gd_staged_open(const char *path, int open, gd_staged *staged, gd_error *error);
void gd_staged_close(gd_staged *staged);

/* What tells these training images from others, in `text`: "1000 images of 32x32x3 in 2 classes, mean 118.2…". A pixel
 * more or less shows in the mean over all of them. */
enum { GD_STAGED_TEXT = 160 };
const char *gd_staged_describe(const gd_staged *staged, char text[GD_STAGED_TEXT]);

/* Training and validation: stratified, drawn from the seed. fraction 0: validation is empty. Every class keeps at least
 * one training image; INVALID where a class of the training split has fewer than 2 images and fraction > 0. `fold`
 * of `folds` (folds 0: use fraction): k-fold cross-validation, fold from 0. Arrays live in `arena`, ascending. */
typedef struct gd_split {
    int64_t n_train, n_validation;
    const int64_t *train, *validation; /* rows of gd_staged.train */
} gd_split;
gd_status gd_split_make(const gd_images *images, const char *const *classes, int n_classes, double fraction, int fold,
                        int folds, uint64_t seed, gd_arena *arena, gd_split *split, gd_error *error);

#ifdef __cplusplus
}
#endif
#endif
