// SPDX-License-Identifier: Apache-2.0
/* How often a model is right, told from how sure it is: accuracy without labels, while labels still depend on the
 * answer as they did on the baseline. Where that itself has changed (new classes, another world), it is an upper guess,
 * which is why a monitor looks at features, too.
 *
 *     calibration  the share that was right, as a step function of the confidence (the greatest probability) that never
 *                  falls: up to GD_CALIBRATION_STEPS quantile bins of the baseline, neighbours pooled while a later one
 *                  is less often right (pool adjacent violators: M. Ayer et al., 1955; as calibration: B. Zadrozny,
 *                  C. Elkan, 2002)
 *     estimate     sum_k (n_k / n) r_k over steps, n_k the window's pictures in step k and r_k that step's share
 *     variance     sum_k n_k r_k (1 - r_k) / n^2        the window's own luck, n pictures
 *                + sum_k (n_k / n)^2 r_k (1 - r_k) / m_k   the calibration's, of m_k pictures in a step
 *                  where r_k is 0 or 1 by luck, too: (right_k + 1/2) / (m_k + 1) in both
 *     interval     Wilson's, of as many pictures as the variance is worth
 *
 * A window is counts per step, which add up over hours and ranks. Of a hundred windows of the baseline's kind, the
 * 95% interval holds the true share of the window's right answers in about 95; the tests hold it to that.
 */
#ifndef GD_MONITOR_ACCURACY_H
#define GD_MONITOR_ACCURACY_H

#include "base/status.h"

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { GD_CALIBRATION_STEPS = 32, GD_CALIBRATION_LEAST = 20 /* pictures in a bin */ };

typedef struct gd_calibration {
    int n;                            /* steps; 0: none */
    double top[GD_CALIBRATION_STEPS]; /* greatest confidence of the baseline in a step, rising */
    double count[GD_CALIBRATION_STEPS], right[GD_CALIBRATION_STEPS]; /* of the baseline's pictures */
} gd_calibration;

/* From n pictures with labels that the model was not trained on: right 0 or 1. INVALID for fewer than
 * GD_CALIBRATION_LEAST, or a confidence outside 0 to 1; NOMEM. */
gd_status gd_calibration_fit(gd_calibration *calibration, const float *confidence, const uint8_t *right, int64_t n,
                             gd_error *error);

/* The step of a confidence, and its share of right answers. Above the baseline's greatest it is the last step; what is
 * not a number is in the first. */
int gd_calibration_step(const gd_calibration *calibration, float confidence);
double gd_calibration_share(const gd_calibration *calibration, int step);

/* Adds n pictures to a window's counts (calibration->n). */
void gd_calibration_count(const gd_calibration *calibration, const float *confidence, int64_t n, int64_t *counts);

typedef struct gd_estimate {
    double value, deviation, low, high; /* NaN where nothing is known */
} gd_estimate;

/* `z`: half the interval's width in deviations; 1.96 for 95%. */
gd_estimate gd_calibration_accuracy(const gd_calibration *calibration, const int64_t *counts, double z);

#define GD_Z95 1.959963984540054 /* so many deviations to either side hold 95% of the normal distribution */

/* Wilson's interval of a share with a known deviation: as a binomial one of value (1 - value) / deviation^2 pictures.
 */
gd_estimate gd_estimate_of(double value, double deviation, double z);

/* The same, and where it is 0 or 1, and its deviation nothing, as of n pictures. */
gd_estimate gd_estimate_of_share(double value, double deviation, double n, double z);

/* With labels. Expected calibration error over 15 bins of equal width, as `griddle evaluate` has it:
 * sum_b |right_b - confidence_b| / n. `keep` (n), optional: only the rows that are not 0. NaN for no rows. */
double gd_calibration_error(const float *confidence, const uint8_t *right, const uint8_t *keep, int64_t n);

/* Brier score, 0 to 2: the mean over pictures of sum_c (p_c - [c is the label])^2 (G. W. Brier, 1950). Probabilities
 * (n,classes). NaN for no rows. */
double gd_brier(const float *probabilities, int classes, const int32_t *label, const uint8_t *keep, int64_t n);

#ifdef __cplusplus
}
#endif
#endif
