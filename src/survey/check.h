// SPDX-License-Identifier: Apache-2.0
/* One check from words to files: baseline and captures in, verdict and a folder of files out. What `monitor check` does
 * once and `monitor watch` again and again.
 */
#ifndef GD_SURVEY_CHECK_H
#define GD_SURVEY_CHECK_H

#include "survey/files.h"
#include "survey/source.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct gd_check_options {
    gd_captured_options what;                  /* or one safetensors file of numbers */
    const char *baseline;                      /* folder */
    const char *out;                           /* folder; NULL: nothing is written */
    const char *model;                         /* file, for what the captures do not hold; NULL: none */
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
    gd_captured_counts counts;
    gd_arena arena;
} gd_check;

gd_status gd_check_run(const gd_check_options *options, gd_check *check, gd_error *error);
void gd_check_release(gd_check *check); /* accepts {0} */

#ifdef __cplusplus
}
#endif
#endif
