// SPDX-License-Identifier: Apache-2.0
/* How good a model is on what it was really asked: captures and labels in, figures and files out. What
 * `griddle monitor quality` does.
 *
 *     DIR/statistics.json             the managed format's model quality, with our own under "griddle"
 *     DIR/constraint_violations.json  always; an empty list where all is well
 *     DIR/constraints.json            suggested from these figures (limits.h), where they were not given
 *     DIR/worth.jsonl, wrong/, unsure/   worth.h
 */
#ifndef GD_QUALITY_QUALITY_H
#define GD_QUALITY_QUALITY_H

#include "monitor/baseline.h"
#include "quality/limits.h"
#include "quality/merge.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct gd_quality_options {
    gd_survey_capture what;
    const char *const *labels; /* label files and folders; ends with NULL */
    const char *out;           /* folder */
    const char *baseline;      /* folder: names of classes, and what figures are held against; NULL: none */
    const char *constraints;   /* file: what they are held against instead; NULL: none */
    const char *model;         /* RUN or file: names of classes, and answers that were not captured; NULL: none */
    const char *positive;      /* of two classes; NULL: the second */
    int worth;                 /* pictures of each kind; 0: none, and no list */
    const volatile int *stop;
} gd_quality_options;

typedef struct gd_quality_violation {
    const char *metric, *check; /* "accuracy", "LessThanThreshold" */
    const char *description;
} gd_quality_violation;

typedef struct gd_quality {
    gd_baseline baseline;
    gd_survey_model model;
    gd_truth truth;
    gd_worth worth;
    gd_grades grades;
    gd_merge merge;
    gd_limits limits; /* n 0: nothing to hold figures against */
    int n_violations;
    gd_quality_violation violation[GD_METRICS];
    gd_worth_files written;
    gd_arena arena;
} gd_quality;

/* Files are written where all is well, at the end. IO and FORMAT of what cannot be read; FORMAT, too, where no label
 * meets an answer; INVALID for options that do not go together; STOPPED. To be released whatever comes. */
gd_status gd_quality_run(const gd_quality_options *options, gd_quality *quality, gd_error *error);
void gd_quality_release(gd_quality *quality); /* accepts {0} */

/* As files, as --json's object, as a table for people; and what was lost, a line each. */
void gd_quality_print_statistics(const gd_quality *quality, gd_text *out);
void gd_quality_print_violations(const gd_quality *quality, gd_text *out);
void gd_quality_print_json(const gd_quality *quality, const gd_quality_options *options, gd_text *out);
void gd_quality_print(const gd_quality *quality, const gd_quality_options *options, gd_text *out);
void gd_quality_print_losses(const gd_quality *quality, gd_text *out);

#ifdef __cplusplus
}
#endif
#endif
