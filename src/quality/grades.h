// SPDX-License-Identifier: Apache-2.0
/* Answers held against their labels, one by one, and what they come to: the managed monitor's figures of a model's
 * quality (monitor/quality.h has the formulas) with their deviations, and what it has not: the accuracy's interval,
 * calibration. Private to the room.
 *
 * Memory: 21 bytes a picture, twice that while they grow, and 8 classes^2. */
#ifndef GD_QUALITY_GRADES_H
#define GD_QUALITY_GRADES_H

#include "monitor/accuracy.h"
#include "monitor/quality.h"

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    GD_METRICS = GD_QUALITY_FIGURES + 1, /* and the area under the ROC curve */
    GD_GRADES_CLASSES = 4096,
    GD_GRADES_POINTS = 101,  /* of the curves, at most */
    GD_RELIABILITY_BINS = 15 /* of equal width, as the calibration error has them */
};

typedef struct gd_metric {
    const char *name;                    /* in the managed format */
    bool mistakes;                       /* the less the better: a rate of mistakes */
    bool known;                          /* false: there is no picture of the kind that it is of */
    double value, deviation;             /* deviation: monitor/quality.h; NaN: too few pictures */
    double error;                        /* standard error: what another window of this size would be off by */
    double constant, constant_deviation; /* of the best constant answer; NaN: the format has none */
} gd_metric;

/* Pictures of [i / bins, (i + 1) / bins) by their confidence. */
typedef struct gd_reliability {
    int64_t n, right;
    double confidence; /* sum */
} gd_reliability;

typedef struct gd_grades {
    int n_classes;
    int positive; /* of two classes the one whose figures are meant; else -1: weighted over all */

    int64_t n, capacity;
    int64_t n_alone;           /* of n, answered with a class alone: no confidence, score and part of Brier's, NaN */
    int32_t *label, *answer;   /* (n) */
    float *confidence, *score; /* (n) of the answer; of the positive class */
    float *brier;              /* (n) each one's part of the score */
    uint8_t *right;            /* (n) */

    /* once settled */
    int64_t *confusion; /* (classes,classes): row label, column answer */
    int n_metrics;
    gd_metric metric[GD_METRICS];
    gd_estimate accuracy;                                                          /* with its 95% interval */
    double calibration_error, calibration_deviation, brier_score, brier_deviation; /* NaN: no probabilities */
    gd_reliability bin[GD_RELIABILITY_BINS];
    gd_curves curves;      /* of two classes, answered with probabilities; n 0: else */
    gd_curve_point *point; /* (GD_GRADES_POINTS) */
} gd_grades;

/* Owned by the caller until released. INVALID for fewer than 2 or more than GD_GRADES_CLASSES classes; NOMEM. */
gd_status gd_grades_init(gd_grades *grades, int n_classes, int positive, gd_error *error);
void gd_grades_release(gd_grades *grades); /* accepts {0} */

/* A picture of class `label` that was answered with probabilities (n_classes), all of them numbers; or with a class
 * alone. NOMEM. */
gd_status gd_grades_add(gd_grades *grades, int label, const float *probability, gd_error *error);
gd_status gd_grades_add_alone(gd_grades *grades, int label, int answer, gd_error *error);

/* All figures. Once, at the end. NOMEM. */
gd_status gd_grades_settle(gd_grades *grades, gd_error *error);

/* Standard errors of gd_quality_figures, such that a share p of n pictures has sqrt(p (1 - p) / n). Of two classes by
 * the jackknife (B. Efron, 1982), picture by picture: those of a cell of the confusion leave the same figures behind,
 * so there are four. Of several as a share of all has it, which the weighted recall is and the others nearly are. */
void gd_grades_errors(const int64_t *confusion, int classes, int positive, double error[GD_QUALITY_FIGURES]);

#ifdef __cplusplus
}
#endif
#endif
