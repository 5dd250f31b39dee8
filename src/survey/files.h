// SPDX-License-Identifier: Apache-2.0
/* What a monitor keeps and tells, as files.
 *
 *     a baseline's folder   statistics.json       the managed format, with our own under "griddle"
 *                           constraints.json      the rules, for people to change; likewise
 *                           baseline.safetensors  sketches, features, calibration, typical pictures
 *     a check's folder      statistics.json       of the window
 *                           constraint_violations.json
 *                           check.json            the verdict, all figures (what --json prints)
 *                           report.html           report/report.h
 *
 * All appear whole or not at all. Readers take nothing on trust: FORMAT with file and place.
 */
#ifndef GD_SURVEY_FILES_H
#define GD_SURVEY_FILES_H

#include "base/text.h"
#include "monitor/verdict.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The folder is made where it is not there. */
gd_status gd_baseline_write(const char *folder, const gd_baseline *baseline, gd_error *error);

/* Without baseline.safetensors, as the managed monitor's own baseline is, columns come of statistics.json's sketches.
 */
gd_status gd_baseline_read(const char *folder, gd_baseline *baseline, gd_error *error);

/* The rules that follow from a profile: every column complete as it is, whole where all were whole, classes the domain.
 */
gd_status gd_rules_of(const gd_profile *profile, double alarms_per_month, double checks_per_month, gd_rules *rules,
                      gd_error *error);

void gd_statistics_print(const gd_profile *profile, gd_text *out);
void gd_rules_print(const gd_rules *rules, gd_text *out);
void gd_violations_print(const gd_verdict *verdict, gd_text *out);
void gd_verdict_print_json(const gd_verdict *verdict, const gd_baseline *baseline, const gd_window *window,
                           gd_text *out);
void gd_verdict_print(const gd_verdict *verdict, const gd_baseline *baseline, const gd_window *window, gd_text *out);

#ifdef __cplusplus
}
#endif
#endif
