// SPDX-License-Identifier: Apache-2.0
/* Whose records are: of one endpoint and variant, and of one model's classes. Bodies that are no pictures are noted
 * here, too. */
#ifndef GD_SURVEY_ORIGIN_H
#define GD_SURVEY_ORIGIN_H

#include "survey/source.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Whether a record is of what was asked for; one that is not is counted as elsewhere. `*begun`, false before the first
 * record: some belonged. INVALID where it is of another endpoint or variant than those before and none was named. */
gd_status gd_origin_belongs(const gd_survey_capture *what, const gd_captured_record *record,
                            gd_survey_captured *captured, bool *begun, bool *belongs, gd_error *error);

/* Where a record stands. */
gd_place gd_origin_place(const gd_captured_record *record);

/* Whether a record has an answer of the model's classes, which is counted; and so is one of others, foreign, with where
 * and why. A single probability where the model has two classes is the second's. `n_classes` 0: no answer is wanted.
 * `classes` NULL: their names are not known. */
bool gd_origin_answers(const gd_captured_record *record, int n_classes, const char *const *classes,
                       gd_survey_captured *captured);

/* INVALID, with the place of the first, where all answers were foreign. */
gd_status gd_origin_check(const gd_survey_captured *captured, gd_error *error);

/* How many pictures a record is of, with gd_origin_answers' word; 0: it does not say. Lines of a text that are no
 * classes are no pictures. */
int gd_origin_pictures(const gd_captured_record *record, bool answered);

/* The probabilities (n_classes) of one of an answered record's pictures, in the order of `classes`; or, where it has no
 * probabilities, the class. */
void gd_origin_answer(const gd_captured_record *record, int picture, int n_classes, const char *const *classes,
                      float *probability);
int gd_origin_class(const gd_captured_record *record, int picture, int n_classes, const char *const *classes);

/* Counts a body that is no picture; of the first it is kept why, at the record's place. */
void gd_origin_note_body(const gd_captured_record *record, const gd_error *why, int64_t *n, gd_error *first);

#ifdef __cplusplus
}
#endif
#endif
