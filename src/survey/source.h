// SPDX-License-Identifier: Apache-2.0
/* Where pictures and answers come from: captures, staged sets, folders of pictures, files of numbers. Whatever it is,
 * it is told picture by picture, in order, to one `see`; what is not there (figures, answers, features) is computed
 * with the model, by all threads at once, if there is one.
 *
 *     capture      records in the order of time: figures and features as recorded, else of the captured body
 *     staged set   the rows asked for (a run's validation split), as the network reads them
 *     folder       PNG and JPEG files below it; a folder per class makes labels
 *     table        a safetensors file with a tensor of one dimension per column, of equal length; straight into a
 *                  profile (gd_survey_table), as nothing is to be computed
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
    /* `picture`: NULL where it was not decoded, or there is none. `place`: "FILE:LINE". On the calling thread. */
    gd_status (*see)(void *context, const gd_sighting *sighting, const gd_image *picture, const char *place,
                     gd_error *error);
    /* (optional) Whether `see` would look at the next picture's pixels, though all its figures are known. Any thread,
     * in order. */
    bool (*wants_picture)(void *context);
} gd_see;

typedef struct gd_survey_options {
    const gd_model *model; /* NULL: nothing is computed of answers and features */
    int n_classes;         /* of the answers; others are refused. Without a model: of the baseline */
    const char *const *classes;
    int n_features;           /* likewise; recorded ones of another length count as not there */
    int threads;              /* 0: as many as this process may use */
    const volatile int *stop; /* (optional) not 0: STOPPED, soon */
} gd_survey_options;

/* `counts`, optional, is what gd_captured_count tells at the end. */
gd_status gd_survey_captures(const gd_captured_options *what, const gd_survey_options *options, const gd_see *see,
                             gd_captured_counts *counts, gd_error *error);

/* `rows` (n) of `images`; NULL: all. Needs a model. Of pictures that staging has made smaller (`resized`) no figures
 * are told, as those that are served are another size. */
gd_status gd_survey_images(const gd_images *images, const int64_t *rows, int64_t n, bool resized,
                           const gd_survey_options *options, const gd_see *see, gd_error *error);

/* Broken files are counted and the first is named in `rejected_first`. Needs a model. */
typedef struct gd_folder_counts {
    int64_t pictures, labelled, broken;
    gd_error first; /* of those that are broken */
} gd_folder_counts;
gd_status gd_survey_folder(const char *folder, const gd_survey_options *options, const gd_see *see,
                           gd_folder_counts *counts, gd_error *error);

/* F32, F64, I32, I64, U8, I8 … numbers; whole kinds become whole columns. A window of a few MB at a time is in memory.
 */
gd_status gd_survey_table(const char *file, gd_profile *profile, gd_error *error);

#ifdef __cplusplus
}
#endif
#endif
