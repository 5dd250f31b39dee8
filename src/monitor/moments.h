// SPDX-License-Identifier: Apache-2.0
/* What is known exactly of numbers that went by: how many, their ends, sum and spread.
 *
 *     mean = sum / n        deviation = sqrt(sum of (x - mean)^2 / n), of the population, as the managed service has it
 *
 * Blocks are summed twice, for the mean and around it, and put together after Chan, Golub, LeVeque, "Updating formulae
 * and a pairwise algorithm for computing sample variances", 1979; the sum after Neumaier, 1974. So hours add up to a
 * day: n, absent, min and max exactly, sum to 2 eps |sum| + 1600 eps n deviation at the very worst and exactly of whole
 * numbers, deviation to some eps of itself and of the mean's distance from 0; of a constant it is 0. Thread-safe;
 * nothing here allocates or fails. */
#ifndef GD_MONITOR_MOMENTS_H
#define GD_MONITOR_MOMENTS_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Beyond it sums of squares overflow: it counts as absent, as NaN does. */
#define GD_MONITOR_LARGEST 1e140

static inline bool gd_is_number(double x) { return fabs(x) <= GD_MONITOR_LARGEST; /* not so of NaN */ }

typedef struct gd_moments { /* {0} is that of nothing */
    uint64_t n, absent;     /* numbers; and what was none: NaN, or beyond GD_MONITOR_LARGEST */
    double min, max;        /* where n > 0 */
    double sum, carry;      /* their sum is sum + carry */
    double squares;         /* sum of (x - mean)^2 */
} gd_moments;

void gd_moments_add(gd_moments *moments, const double *x, size_t n);
/* Numbers that stand for several each: the first i of them for upto[i - 1]. NULL: one each. All are numbers. */
void gd_moments_add_counted(gd_moments *moments, const double *x, const uint64_t *upto, size_t n);
void gd_moments_merge(gd_moments *moments, const gd_moments *other);

/* NaN of nothing. */
double gd_moments_sum(const gd_moments *moments);
double gd_moments_mean(const gd_moments *moments);
double gd_moments_deviation(const gd_moments *moments);

#ifdef __cplusplus
}
#endif
#endif
