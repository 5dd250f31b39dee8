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
 * All appear whole or not at all. Readers take nothing on trust: FORMAT, or INVALID for a value, with file and place.
 */
#ifndef GD_FORMAT_FILES_H
#define GD_FORMAT_FILES_H

#include "base/text.h"
#include "monitor/verdict.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The folder is made where it is not there. Who is killed leaves a folder that is refused, or one whole baseline
 * (format/seal.h). IO, INVALID for a path that is too long, NOMEM. */
gd_status gd_baseline_write(const char *folder, const gd_baseline *baseline, gd_error *error);

/* Sketches, features and what labels told are those that were written, bit for bit; constraints.json may have been
 * edited: an unknown key under "griddle" is INVALID, with the nearest that is known, as is a value that cannot be; the
 * managed format's keys that are of no use here are passed over. Owned by the caller until released.
 *
 * FORMAT, with the file and the remedy, where baseline.safetensors is not as it was written, or statistics.json is not
 * what was written with it. Without baseline.safetensors, as the managed monitor's own baseline is, columns come of
 * statistics.json's sketches; without "griddle" in constraints.json, alarms_per_month is NaN. IO where either file is
 * not there, and the remedy. */
gd_status gd_baseline_read(const char *folder, gd_baseline *baseline, gd_error *error);

/* The columns of a statistics.json, a managed monitor's or our own: those with a sketch or counts. Owned by the caller
 * until released; nothing is where it fails. */
gd_status gd_statistics_read(const char *path, gd_profile *profile, gd_error *error);

/* Writes one text, which must be whole, as a file of a folder that is there. IO, INVALID, NOMEM. */
gd_status gd_out_write(const char *folder, const char *name, const gd_text *text, gd_error *error);

/* Folders of other words of monitor hold files of the same names: INVALID where `folder` has one of `others` (ends with
 * NULL). */
gd_status gd_out_check(const char *folder, const char *const *others, gd_error *error);

/* Each appends one file's text. Failure is the text's: gd_text_status. */
void gd_statistics_print(const gd_profile *profile, gd_text *out);
void gd_rules_print(const gd_rules *rules, gd_text *out);
void gd_violations_print(const gd_verdict *verdict, gd_text *out);

/* ONE object with everything. */
void gd_verdict_print_json(const gd_verdict *verdict, const gd_baseline *baseline, const gd_window *window,
                           gd_text *out);

/* For people: what is wrong in sentences, then accuracy, features, mix and columns, those that alarm first. */
void gd_verdict_print(const gd_verdict *verdict, const gd_baseline *baseline, const gd_window *window, gd_text *out);

#ifdef __cplusplus
}
#endif
#endif
