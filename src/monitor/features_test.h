// SPDX-License-Identifier: Apache-2.0
/* Do a window's pictures lie where the baseline's do? One test on all features together, with a p-value.
 *
 *     S          C + 0.3 * trace(C) / dims: the covariance of all n + m rows together, kept away from singular ones as
 *                O. Ledoit and M. Wolf do. It does not know who is of the window
 *     kernel     k(x,y) = exp(-d(x,y)^2 / h), d(x,y)^2 = (x - y)^T S^-1 (x - y), h the mean of d^2 over all pairs
 *     statistic  the squared maximum mean discrepancy, with each row against itself, too (A. Gretton et al., "A kernel
 *                two-sample test", 2012): mean of k within the baseline + within the window - 2 * between them
 *     p          how often it is as large where the n + m rows are dealt out anew: over GD_PERMUTATIONS permutations,
 *                and beyond what they reach by the gamma distribution with their mean, deviation and skewness
 *                (Pearson's type III). It holds whatever the features' distribution is
 *     distance   sqrt(max(0, statistic - its mean over permutations)): 0 alike, towards 1 apart
 *
 * Share of windows that are found at p < 0.01, mean over brightness, blur, noise, colour cast, another mix of classes
 * and pictures of other things, five strengths of each (100 windows each, of 1,000 pictures 30); features of a network
 * that is right on 74% of CIFAR-10's test images:
 *
 *     pictures in the window                         50    200  1,000
 *     this                                        0.441
 *     this, with 0.1 in place of 0.3              0.428  0.599  0.767
 *     Hotelling's T^2 with S, 0.1                 0.399  0.586  0.745
 *     the kernel of features as they are          0.339  0.519  0.673
 *     a classifier of who is of the window        0.420  0.562  0.765
 *
 * The last is a logistic regression, by the ranks of its scores out of fold. As these are not independent its own p is
 * below 0.01 in 1.7 to 3.9% of undisturbed windows; its row is at the threshold that 1% of those pass.
 */
#ifndef GD_MONITOR_FEATURES_TEST_H
#define GD_MONITOR_FEATURES_TEST_H

#include "base/status.h"

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { GD_PERMUTATIONS = 500, GD_FEATURES_TEST_LEAST = 10, GD_FEATURES_TEST_MOST = 4096 /* rows of either */ };

typedef struct gd_features_change {
    double statistic, p, distance;
} gd_features_change;

/* baseline (n,dims), window (m,dims): finite, drawn fairly (rows.h keeps such samples). The same bits for the same rows
 * and seed. INVALID for fewer rows of either than GD_FEATURES_TEST_LEAST or more than GD_FEATURES_TEST_MOST, or dims
 * outside 1 to GD_FEATURES_MOST; NUMERIC for what is not finite; NOMEM. Takes 2 (n + m)^2 bytes. Of 2,000 + 1,000 rows
 * 0.3 s for 64 features, 1.2 s for 512 (one core of a busy Zen 4 server). */
gd_status gd_features_test(const float *baseline, int n, const float *window, int m, int dims, uint64_t seed,
                           gd_features_change *change, gd_error *error);

#ifdef __cplusplus
}
#endif
#endif
