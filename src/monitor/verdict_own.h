// SPDX-License-Identifier: Apache-2.0
/* What the parts of a verdict share.
 *
 *     verdict.c          columns paired, tests put together, alarms
 *     verdict_column.c   one column: figures, p, whether there are enough
 *     verdict_accuracy.c whether the estimate has fallen
 *     verdict_rules.c    constraints
 *     verdict_words.c    sentences
 */
#ifndef GD_MONITOR_VERDICT_OWN_H
#define GD_MONITOR_VERDICT_OWN_H

#include "monitor/verdict.h"

/* What a verdict is made of, and where it goes. */
typedef struct gd_making {
    const gd_baseline *baseline;
    const gd_window *window;
    gd_arena *arena;
    gd_verdict *verdict;
    gd_error *error;
} gd_making;

/* ---- verdict_column.c ---- */

/* Whether both sides have numbers, or names, to compare. */
bool gd_column_comparable(const gd_column_verdict *column);

/* `least` of a test at a level, and GD_TOO_FEW where the window has fewer. */
void gd_column_enough(gd_column_verdict *column, double level);

/* All figures; p only of what is GD_COMPARED. NOMEM. */
gd_status gd_column_compare(gd_column_verdict *column, bool robust, gd_error *error);

/* ---- verdict_accuracy.c ---- */

/* counts (calibration->n) of a window. NaN where nothing can be told: an empty window, one step. */
double gd_accuracy_fallen(const gd_calibration *calibration, const int64_t *counts);

/* ---- verdict_rules.c ---- */

/* Violations of all rules but drift. NOMEM. */
gd_status gd_verdict_rules(gd_making *m);
const gd_column_rule *gd_rule_of(const gd_rules *rules, const char *name); /* NULL: there is none */

/* ---- verdict_words.c: in the arena; NULL: out of memory ---- */

const char *gd_words_number(gd_arena *arena, double x);           /* three digits, or all whole ones */
const char *gd_words_share(gd_arena *arena, double share);        /* per cent */
const char *gd_words_items(const gd_verdict *verdict, int64_t n); /* "picture" of 1, "rows" of 2 */
const char *gd_words_column(const gd_column_verdict *column, gd_arena *arena);
const char *gd_words_distance(const gd_column_verdict *column, gd_arena *arena);
const char *gd_words_features(const gd_verdict *verdict, gd_arena *arena);
const char *gd_words_accuracy(const gd_verdict *verdict, gd_arena *arena);

/* ---- verdict.c ---- */

/* Takes the description; NOMEM where it is NULL. */
gd_status gd_verdict_violate(gd_making *m, gd_violation_kind kind, const char *feature, const char *description);

#endif
