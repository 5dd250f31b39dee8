// SPDX-License-Identifier: Apache-2.0
/* Which classes the pictures of a window are of, told from answers alone: label shift. The mix of classes may change at
 * will, but a class still looks as it did on the baseline.
 *
 *     cells     what is seen of a picture: its answer, and in which of `parts` quantiles of the baseline's confidences
 *               its confidence lies; a cell is answer * parts + part
 *     table     A[i][j] = share of the baseline's pictures of class j that are in cell i: the confusion matrix, its
 *               answers parted by confidence
 *     mix       the maximum-likelihood q of  window's counts ~ multinomial(sum_j A[i][j] q_j),  q_j >= 0, sum q = 1, by
 *               expectation maximisation:  q_j <- q_j sum_i (n_i / n) A[i][j] / (A q)_i
 *               (M. Saerens, P. Latinne, C. Decaestecker, 2002, on cells in place of probabilities; Z. C. Lipton,
 *               Y.-X. Wang, A. Smola, 2018, "Detecting and correcting for label shift with black box predictors", solve
 *               the same equations of counts by least squares)
 *     accuracy  sum_j q_j recall_j, of what the baseline's recalls give under that mix
 *     deviation by the delta method on both counts, the window's and the baseline's, without the bounds on q: where q_j
 *               is near 0 the truth is nearer than it says
 *     condition greatest / least singular value of A; 1: each class has cells of its own. Above GD_SHIFT_CONDITION some
 *               classes are hardly told apart, and their parts of the mix are guesses (their deviations say so)
 *
 * A window is counts per cell, which add up over hours and ranks.
 *
 * Error of the mix (half the sum of |q - truth|), means over 60 windows of random mixes of CIFAR-10's classes, a
 * model that is right on 74%, 5,000 pictures of baseline:
 *
 *     pictures in the window                     1,000    200
 *     cells of 4 parts (these)                   0.037  0.074
 *     answers alone (1 part)                     0.047  0.084
 *     answers alone, least squares, clipped      0.046  0.087
 *     probabilities                              0.060  0.080
 *     probabilities, scaled by a fitted model    0.033  0.067
 *     the window's answers, counted              0.085  0.110
 *
 * Scaled probabilities come nearer, but need each picture's probabilities at once in place of counts.
 */
#ifndef GD_MONITOR_SHIFT_H
#define GD_MONITOR_SHIFT_H

#include "monitor/accuracy.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { GD_SHIFT_PARTS = 4, GD_SHIFT_CLASSES = 1024, GD_SHIFT_CELLS = 2048 /* at most */ };
#define GD_SHIFT_CONDITION 30.0

typedef struct gd_shift_table {
    int classes, parts;
    float edge[GD_SHIFT_PARTS]; /* confidences above edge[p] are in part p + 1 or later; parts - 1 of them */
    int64_t *count;             /* (classes * parts, classes): a row per cell, a column per label */
} gd_shift_table;

/* From n labelled pictures that the model was not trained on; owned by the caller until released. INVALID for a label
 * or an answer outside 0 to classes - 1, no pictures, or more classes, parts or cells than above; NOMEM. */
gd_status gd_shift_table_init(gd_shift_table *table, int classes, int parts, const int32_t *label,
                              const int32_t *answer, const float *confidence, int64_t n, gd_error *error);
void gd_shift_table_release(gd_shift_table *table); /* accepts {0} */

/* answer: 0 to classes - 1. */
int gd_shift_cell(const gd_shift_table *table, int answer, float confidence);

typedef struct gd_shift {
    double condition; /* infinite where classes are not told apart at all */
    int unseen;       /* classes of which the baseline has no picture: their part of the mix is 0, whatever is true */
    int64_t strange;  /* pictures in cells that no picture of the baseline is in: they are left out */
    gd_estimate accuracy;
} gd_shift;

/* counts (classes * parts) of a window; mix and deviation (classes) are overwritten, with NaN where the window is empty
 * or, deviation, nothing tells. `z` as in gd_estimate_of. NOMEM. Of 10 classes a millisecond, of 1,000 some seconds. */
gd_status gd_shift_of(const gd_shift_table *table, const int64_t *counts, double z, double *mix, double *deviation,
                      gd_shift *shift, gd_error *error);

#ifdef __cplusplus
}
#endif
#endif
