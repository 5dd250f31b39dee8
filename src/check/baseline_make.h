// SPDX-License-Identifier: Apache-2.0
/* A baseline from words: what `monitor baseline` makes, of pictures that the model was not trained on.
 *
 *     RUN                    its validation split, as training held it out; of originals where staging scaled them and
 *                            they still lie there
 *     RUN|MODEL FOLDER       of pictures; below folders of classes, with labels; or of captures
 *     RUN|MODEL SET|CAPTURE  a staged set: its test images, else all
 *     TABLE                  a safetensors file of numbers; there is no model
 *
 * Where pictures are the run's training images, after all, only their own figures are taken.
 */
#ifndef GD_CHECK_BASELINE_MAKE_H
#define GD_CHECK_BASELINE_MAKE_H

#include "monitor/baseline.h"
#include "survey/source.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct gd_baseline_options {
    const char *model, *data; /* as above; data NULL: none was named */
    gd_survey_capture what;   /* of captures: endpoint, variant, window; paths are not looked at */
    double alarms_per_month, checks_per_month;
    int threads;
    const volatile int *stop;
} gd_baseline_options;

/* What happened, besides. */
typedef struct gd_baseline_told {
    gd_survey_counts seen;
    gd_survey_captured captured; /* of captures */
    char note[1024];             /* what the user should know: a line, or several; "": nothing */
} gd_baseline_told;

/* The baseline is to be released whatever comes. INVALID, with the remedy, for words that give no reference; STOPPED.
 */
gd_status gd_baseline_make(const gd_baseline_options *options, gd_baseline *baseline, gd_baseline_told *reference,
                           gd_error *error);

#ifdef __cplusplus
}
#endif
#endif
