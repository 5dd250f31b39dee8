// SPDX-License-Identifier: Apache-2.0
/* One check from words to files: baseline and captures in, verdict and a folder of files out. What `monitor check` does
 * once and `monitor watch` again and again.
 */
#ifndef GD_CHECK_CHECK_H
#define GD_CHECK_CHECK_H

#include "format/files.h"
#include "survey/source.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct gd_check_options {
    gd_survey_capture what; /* or one safetensors file of numbers; or files statistics.json, which add up */
    const char *baseline;   /* folder */
    const char *out;        /* folder; NULL: nothing is written */
    const char *model;      /* RUN or file, for what the captures do not hold; NULL: none */
    double alarms_per_month, checks_per_month; /* NaN: as the baseline's rules say */
    double threshold;                          /* of confidence, a line in the report; NaN: none */
    bool report;
    int threads;
    const volatile int *stop;
} gd_check_options;

typedef struct gd_check {
    gd_baseline baseline;
    gd_window window;
    gd_verdict verdict;
    gd_survey_captured captured; /* of captures */
    gd_survey_counts seen;       /* likewise */
    gd_arena arena;
} gd_check;

/* Files are written where all is well, at the end. IO and FORMAT of what cannot be read; FORMAT, too, where the window
 * holds nothing (`captured` then tells what was read); INVALID for a window that ends before it begins, a model that is
 * not the baseline's, a table where the baseline is of pictures; STOPPED. The check is to be released whatever comes.
 */
gd_status gd_check_run(const gd_check_options *options, gd_check *check, gd_error *error);
void gd_check_release(gd_check *check); /* accepts {0} */

#ifdef __cplusplus
}
#endif
#endif
