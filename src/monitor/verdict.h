// SPDX-License-Identifier: Apache-2.0
/* A window held against its baseline: how each column differs, which of it is an alarm, what it says of accuracy.
 *
 *     tests     Smirnov's (Kuiper's on a circle) or chi-square per column, one on all features together, one whether
 *               the estimated accuracy has fallen below the baseline's; their p-values together after Holm
 *     level     alarms_per_month / checks_per_month: an adjusted p at or below it is an alarm. So a stable model is
 *               accused about alarms_per_month times a month, however often it is looked at
 *     figures   psi, js, wasserstein: for people; no alarm comes of them
 *     rules     data types, completeness, domains, columns that are missing or new: as the managed monitor checks them.
 *               A share below 1 that a rule asks for is broken where chance makes so few present once in a million
 *               windows (the binomial distribution's tail); without a level, where there are fewer
 *
 * A test that could not reject at level / tests, whatever the window holds, is too few: it is left out before p-values
 * are looked at, and takes nothing from the others (R. E. Tarone, "A modified Bonferroni method for discrete data",
 * 1990).
 *
 * accuracy: with r_k the share of right answers in step k of the calibration, the baseline's pictures and the window's
 * are two samples of the numbers r_k, and their means are the baseline's accuracy and the window's estimate. p is the
 * chance of a mean as far below where pictures are dealt out anew: Pearson's type III distribution with the exact mean,
 * deviation and skewness over all permutations. What the labels of the baseline were off by is in both means alike.
 *
 * A column with a threshold of its own (monitoringConfigOverrides) is held against it by its distance, and is no test.
 * Where rules are a managed file's, without alarms_per_month, all columns' distances are held against its
 * comparison_threshold, as it would, and nothing else is an alarm.
 *
 * Pure, but for its memory. Of 19 columns of a few thousand pictures some ms, and what features_test.h takes.
 */
#ifndef GD_MONITOR_VERDICT_H
#define GD_MONITOR_VERDICT_H

#include "monitor/baseline.h"
#include "monitor/compare.h"
#include "monitor/features_test.h"

#ifdef __cplusplus
extern "C" {
#endif

#define GD_RULE_CHANCE 1e-6

typedef enum gd_compared {
    GD_COMPARED,
    GD_NOT_COMPARABLE, /* one side does not have it */
    GD_TOO_FEW         /* no window of this size could be told from the baseline, however unlike: `least` could */
} gd_compared;

typedef struct gd_column_verdict {
    const gd_column *reference, *current; /* NULL: does not have it; borrowed from baseline and window */
    gd_compared compared;
    uint64_t least;                    /* GD_TOO_FEW: how many values it takes; 0: the baseline has too few for any */
    gd_comparison numbers;             /* NaN where names, or not compared; too few have theirs, but for p */
    gd_category_comparison categories; /* likewise */
    double p, adjusted;                /* NaN: no test */
    double distance;                   /* the managed monitor's: robust or simple, as the rules say */
    double threshold;                  /* what the distance is held against; NaN: it is not */
    double was, now;                   /* means; on a circle directions; NaN: names, or not compared */
    double moved; /* of the mean, in the reference's deviations, signed; on a circle degrees, -180 to 180; names: NaN */
    bool alarm;
} gd_column_verdict;

typedef enum gd_violation_kind {
    GD_DATA_TYPE, /* and what must not be negative */
    GD_COMPLETENESS,
    GD_BASELINE_DRIFT,
    GD_MISSING_COLUMN,
    GD_EXTRA_COLUMN,
    GD_CATEGORICAL_VALUES,
    GD_VIOLATION_KINDS
} gd_violation_kind;
extern const char *const gd_violation_names[GD_VIOLATION_KINDS]; /* "data_type_check", … */

typedef struct gd_violation {
    gd_violation_kind kind;
    const char *feature;     /* a column, "features" or "estimated_accuracy" */
    const char *description; /* one or two sentences that a product owner understands, with both numbers */
} gd_violation;

typedef struct gd_verdict {
    double level;  /* NaN: by distance */
    int tests;     /* p-values that were adjusted together */
    bool pictures; /* items are; else rows of a table */
    bool too_few;  /* nothing at all could be told */
    int64_t items, baseline_items;
    int n_columns;
    gd_column_verdict *column; /* the baseline's columns, then those only the window has */

    gd_compared features_compared;
    bool features_alarm;
    gd_features_change features; /* NaN: not compared */
    double features_adjusted;

    gd_compared accuracy_compared; /* not comparable: the baseline has no labels, or answers are not known */
    bool accuracy_alarm;
    uint64_t accuracy_least;              /* as a column's `least` */
    gd_estimate accuracy;                 /* of this window, without labels */
    gd_estimate baseline_accuracy;        /* measured with them */
    double accuracy_p, accuracy_adjusted; /* of its being lower than the baseline's; NaN: no test */

    gd_shift shift;              /* NaN where there is none */
    double *mix, *mix_deviation; /* (classes): estimated mix of true classes; NULL: none */

    int n_violations;
    gd_violation *violation;
} gd_verdict; /* in the arena that it was made in; borrows baseline and window */

/* Both settled. NOMEM. */
gd_status gd_verdict_make(const gd_baseline *baseline, const gd_window *window, gd_arena *arena, gd_verdict *verdict,
                          gd_error *error);

/* One line: "1000 pictures: 3 violations (brightness, features, estimated accuracy 0.71 of 0.94)", or that all is well,
 * or that so few say nothing. NULL: out of memory. */
const char *gd_verdict_summary(const gd_verdict *verdict, gd_arena *arena);

#ifdef __cplusplus
}
#endif
#endif
