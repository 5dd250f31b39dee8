// SPDX-License-Identifier: Apache-2.0
/* Captured answers and labels, brought together by inferenceId where a record has one, else by eventId: one pass
 * through the captures. Private to the room.
 *
 *     record ── id has a label ──► graded; answered wrong: worth a look
 *            └─ has none ────────► counted; answered unsurely: worth a label
 *
 * Only records of one picture can have a label: it does not say of which it is. */
#ifndef GD_QUALITY_MERGE_H
#define GD_QUALITY_MERGE_H

#include "quality/grades.h"
#include "quality/truth.h"
#include "quality/worth.h"
#include "survey/model.h"
#include "survey/source.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct gd_merge_counts {
    int64_t records;        /* of the window, endpoint and variant */
    int64_t merged;         /* with their labels: what grades hold */
    int64_t late;           /* of these: the label was given at the window's end or behind it */
    int64_t without_label;  /* of one picture, answered */
    int64_t without_answer; /* neither captured nor computed */
    int64_t nameless;       /* of these: a class alone is there, and no names of classes are known yet */
    int64_t several;        /* of several pictures */
    int64_t again;          /* the id had its label before: a client gave it twice, and the first counts */
    int64_t unknown;        /* the label names no class */
    int64_t labels_left;    /* without a record */
    int64_t broken;         /* bodies that the model could not be asked about */
    gd_error first_unknown, first_broken; /* with their places */
    char id_left[80], id_unlabelled[80];  /* the first of them, shortened */
} gd_merge_counts;

typedef struct gd_merge {
    const gd_survey_capture *what;
    const gd_survey_model *model; /* of which answers that were not captured are computed; model NULL: none */
    int n_classes;                /* 0: the first answer says */
    const char *const *classes;   /* (n_classes) NULL: the first answer that names them says; else positions */
    const char *positive;         /* of two classes; NULL: the second */
    gd_truth *truth;
    gd_worth *worth;
    const volatile int *stop;
    gd_arena *arena; /* of names that are found out */

    gd_grades *grades; /* initialised here, to be released by the caller */
    gd_survey_captured captured;
    gd_merge_counts counts;
} gd_merge;

/* INVALID for answers of several models, endpoints or variants (source.h), and for a positive class that is not there;
 * the reader's and the model's errors; STOPPED. Where no answer was found, grades stay without classes. */
gd_status gd_merge_run(gd_merge *merge, gd_error *error);

#ifdef __cplusplus
}
#endif
#endif
