// SPDX-License-Identifier: Apache-2.0
/* Where pictures and answers come from: captures, staged sets, files of pictures, files of numbers. Whatever it is, it
 * is told picture by picture, in order, to one `see`; what is not there (figures, answers, features) is computed, with
 * the model if there is one, by all threads at once.
 *
 *     capture      records in the order of time: figures, answers and features as recorded, else of the captured body
 *     staged set   the rows asked for (a run's validation split), as the network reads them
 *     files        PNG and JPEG files; below a folder of a class, labels
 *     table        a safetensors file with a tensor of one dimension per column, of equal length; straight into a
 *                  profile, as nothing is to be computed
 *
 * Memory does not grow with the number of pictures: those that are on their way are bounded.
 */
#ifndef GD_SURVEY_SOURCE_H
#define GD_SURVEY_SOURCE_H

#include "captured/captured.h"
#include "data/staged.h"
#include "griddle/infer.h"
#include "monitor/profile.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct gd_see {
    void *context;
    /* On the calling thread, in order. `picture`: its pixels where they were wanted and could be had, scaled down to
     * what a gallery keeps; else NULL. `place`: "FILE:LINE", or the picture's file. All borrowed for the call. */
    gd_status (*see)(void *context, const gd_sighting *sighting, const gd_image *picture, const char *place,
                     gd_error *error);
    /* (optional) Whether `see` would look at the next picture's pixels. On any thread, one at a time, in order, and
     * ahead of `see`. */
    bool (*wants_picture)(void *context);
} gd_see;

typedef struct gd_survey_options {
    const gd_model *model;      /* NULL: nothing is computed of answers and features */
    int n_classes;              /* of answers; 0: answers are not told */
    const char *const *classes; /* (n_classes) their names */
    int n_features;             /* 0: features are not told; recorded ones of another length count as not there */
    int channels;               /* without a model: what bodies are decoded to, 1 or 3; 0: what they have */
    int threads;                /* 0: as many as this process may use */
    const volatile int *stop;   /* (optional) not 0: STOPPED, soon */
} gd_survey_options;

/* What was told and what could not be looked at: broken files, bodies that are no pictures. */
typedef struct gd_survey_counts {
    int64_t pictures, labelled, broken;
    gd_error first; /* of what is broken: what, and where */
} gd_survey_counts;

/* ---- captures ---- */

typedef struct gd_survey_capture {
    gd_captured_options read;
    const char *endpoint, *variant; /* NULL: there must be one only */
} gd_survey_capture;

typedef struct gd_survey_captured {
    gd_captured_counts read; /* what gd_captured_count tells at the end */
    int64_t elsewhere;       /* records of other endpoints and variants */
    int64_t blind;           /* records without an answer, figures, or a body that is read: nothing is known of them */
    int64_t answered;        /* records with an answer of the classes that were asked for */
    int64_t foreign;         /* with one of other classes, or a text that names none */
    int64_t odd;             /* answers of numbers that are no probabilities, as logits */
    gd_error first_foreign, first_odd;
    char endpoint[256], variant[256]; /* whose all others are; "": paths do not say */
} gd_survey_captured;

/* A picture whose body is broken, or whose answer is not understood, is told with what else is recorded of it. INVALID,
 * with the place of the first, where all answers are of other classes, and for captures of several endpoints or
 * variants while none is named. */
gd_status gd_survey_captures(const gd_survey_capture *what, const gd_survey_options *options, const gd_see *see,
                             gd_survey_captured *captured, gd_survey_counts *counts, gd_error *error);

/* ---- sets and files ---- */

/* `rows` (n) of `images`; NULL: all. `resized`: staging may have made them another size than those that are served, so
 * no figures are told of them. */
gd_status gd_survey_images(const gd_images *images, const int64_t *rows, int64_t n, bool resized,
                           const gd_survey_options *options, const gd_see *see, gd_survey_counts *counts,
                           gd_error *error);

typedef struct gd_survey_file {
    const char *path;
    int label; /* -1: not known */
} gd_survey_file;

/* Files named like pictures below a folder, by path; labels where a file's own folder is named as a class. In the
 * arena. INVALID where there are none; IO where it cannot be looked into. */
gd_status gd_survey_find_files(const char *folder, const char *const *classes, int n_classes, gd_arena *arena,
                               const gd_survey_file **files, int64_t *n, gd_error *error);

/* Broken files are counted and left out. */
gd_status gd_survey_files(const gd_survey_file *files, int64_t n, const gd_survey_options *options, const gd_see *see,
                          gd_survey_counts *counts, gd_error *error);

/* ---- tables ---- */

/* Whether a file is safetensors, and neither a model nor a staged set. */
bool gd_survey_is_table(const char *path);

/* Adds a table of F32, F64, F16, BF16, I32, I64 or U8; columns of whole types become whole ones. A piece of a column at
 * a time is in memory. INVALID for columns of different lengths, or tensors that are none; FORMAT, IO. */
gd_status gd_survey_table(const char *path, gd_profile *profile, const volatile int *stop, gd_error *error);

#ifdef __cplusplus
}
#endif
#endif
