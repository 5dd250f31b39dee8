// SPDX-License-Identifier: Apache-2.0
/* How good answers were, once their labels are known: figures of a confusion matrix and curves of a score, named as the
 * managed monitor's model quality files name them.
 *
 *     confusion      (classes,classes) counts, row = label, column = answer; matrices of parts add up
 *     recall_c       right_c / labelled_c
 *     precision_c    right_c / answered_c
 *     f_beta_c       (1 + b^2) precision recall / (b^2 precision + recall)
 *                    = (1 + b^2) right / (b^2 labelled + answered)
 *     0 / 0          0, as scikit-learn's zero_division=0 has it
 *     weighted       the mean over classes of the class's own figure, each weighing labelled_c
 *     two classes    the figures of the positive one, and rates: true positive = recall, false negative = 1 - recall,
 *                    true negative = right / labelled of the other one, false positive = 1 - that
 *     best constant  the figures of who always answers the most frequent label, of equally frequent ones the first
 *     deviation      sample standard deviation of the figure over 5 random parts of 80% of the pictures; of fewer
 *                    than 200 pictures none. It tells how much a fifth of the pictures matters, and is about half of
 *                    the figure's standard error: sqrt((1 - 0.8) / 0.8)
 *
 * Equal to scikit-learn's accuracy_score, precision_recall_fscore_support, roc_auc_score and average_precision_score to
 * 1e-12.
 */
#ifndef GD_MONITOR_QUALITY_H
#define GD_MONITOR_QUALITY_H

#include "base/status.h"

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Adds n pictures to confusion (classes,classes); of `keep` (n), optional, only the rows that are not 0. Labels and
 * answers are 0 to classes - 1; rows where one is not are not counted: returns how many. */
int64_t gd_confusion_count(int64_t *confusion, int classes, const int32_t *label, const int32_t *answer,
                           const uint8_t *keep, int64_t n);

typedef enum gd_quality_figure {
    GD_ACCURACY,
    GD_RECALL, /* weighted, of several classes */
    GD_PRECISION,
    GD_F0_5,
    GD_F1,
    GD_F2,
    GD_TRUE_POSITIVE_RATE, /* these four of two classes only, else NaN */
    GD_TRUE_NEGATIVE_RATE,
    GD_FALSE_POSITIVE_RATE,
    GD_FALSE_NEGATIVE_RATE,
    GD_QUALITY_FIGURES
} gd_quality_figure;

/* Names in the managed format: of two classes ("recall"), of several ("weighted_recall"; NULL: it has none). */
typedef struct gd_quality_name {
    const char *binary, *multiclass;
} gd_quality_name;
extern const gd_quality_name gd_quality_names[GD_QUALITY_FIGURES];

/* `positive`: the class whose figures are meant, or -1: weighted over all. NaN where nothing was counted. */
void gd_quality_figures(const int64_t *confusion, int classes, int positive, double value[GD_QUALITY_FIGURES]);

/* The confusion of the best constant answer to the same labels: constant (classes,classes) is overwritten. */
void gd_confusion_constant(const int64_t *confusion, int classes, int64_t *constant);

enum { GD_RESAMPLES = 5, GD_RESAMPLED_LEAST = 200 };

/* keep (n): 1 for 80% of the rows, rounded down, 0 for the others; which, says (seed, part). */
void gd_resample(uint8_t *keep, int64_t n, uint64_t seed, int part);

/* Sample standard deviation of n values. */
double gd_deviation(const double *value, int n);

/* Of gd_quality_figures over GD_RESAMPLES parts of the pictures; NaN for fewer than GD_RESAMPLED_LEAST. NOMEM. */
gd_status gd_quality_deviations(int classes, int positive, const int32_t *label, const int32_t *answer, int64_t n,
                                uint64_t seed, double deviation[GD_QUALITY_FIGURES], gd_error *error);

/* Pictures that score `threshold` or more are called positive. */
typedef struct gd_curve_point {
    double threshold;
    double false_positive_rate, true_positive_rate; /* the ROC curve's x and y; the latter is the recall */
    double precision;
} gd_curve_point;

typedef struct gd_curves {
    double auc; /* under the ROC curve: a positive scores higher than a negative, ties half; NaN without both */
    double average_precision; /* sum over thresholds of (recall - recall before) * precision; NaN without a positive */
    int64_t positives, negatives;
    int n; /* points */
} gd_curves;

enum { GD_CURVE_LEAST = 4 };

/* Points (most) of both curves by falling threshold, from an infinite one with rates 0, 0 and precision 1 to the least
 * score, where both rates are 1. Of more than `most` (GD_CURVE_LEAST or more) those are kept behind which the ROC curve
 * enters another of most - 2 equal lengths along the axes; the areas are of all points. Scores with `positive` 0 or not
 * (n), no score NaN; `keep` as above. INVALID for a NaN; NOMEM. */
gd_status gd_quality_curves(const float *score, const uint8_t *positive, const uint8_t *keep, int64_t n, int most,
                            gd_curve_point *point, gd_curves *curves, gd_error *error);

#ifdef __cplusplus
}
#endif
#endif
