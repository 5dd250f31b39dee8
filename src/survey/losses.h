// SPDX-License-Identifier: Apache-2.0
/* What was lost on the way, a line each, for people. */
#ifndef GD_SURVEY_LOSSES_H
#define GD_SURVEY_LOSSES_H

#include "base/text.h"
#include "survey/source.h"

#ifdef __cplusplus
extern "C" {
#endif

/* "2 lines are no records", with where and why the first ones are none; then what of pictures could not be decoded. */
void gd_survey_print_losses(const gd_survey_captured *captured, const gd_survey_counts *seen, gd_text *out);

/* Of these the answers of other classes. */
void gd_survey_print_foreign(const gd_survey_captured *captured, gd_text *out);

/* Its parts: "1 " and `one`, "2 " and `several`, of 0 nothing; an indented line of what was broken, and where. */
void gd_losses_count(gd_text *out, int64_t n, const char *one, const char *several);
void gd_losses_place(gd_text *out, const char *before, const gd_error *what);

#ifdef __cplusplus
}
#endif
#endif
