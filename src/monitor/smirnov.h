// SPDX-License-Identifier: Apache-2.0
/* How likely it is that two samples of one distribution lie as far apart as D (Smirnov's two-sample test).
 *
 * Exactly: of all orders in which n + m numbers can come, each as likely as any other, the share where the two
 * distribution functions are apart by D or more at some number. An order is a way from (0, 0) to (n, m); with P(i, j)
 * the share of the ways to (i, j) that have been outside,
 *
 *     P(i, j) = 1 where |i/n - j/m| >= D, else i/(i+j) P(i-1, j) + j/(i+j) P(i, j-1)
 *
 * A sum of positive terms, so also small ones are right to (n + m) eps (Viehmann, "Numerically more stable computation
 * of the p-values for the two-sample Kolmogorov-Smirnov test", 2021). Where numbers are equal a way is only looked at
 * behind all of them (Schröer, Trenkler, 1995), which makes the answer exact for counts and constants, too. Only the
 * ways between the two borders are walked, about 2 D n m of them. Pure but for its memory. */
#ifndef GD_MONITOR_SMIRNOV_H
#define GD_MONITOR_SMIRNOV_H

#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { GD_SMIRNOV_CELLS = 20000000 };

/* Whether that takes up to some 10 ms: 2 d n m and n + m up to 2e7, as of 20,000 and 20,000 numbers, or 20 and 1e6,
 * where p is small. */
bool gd_smirnov_is_quick(double d, double n, double m);

/* n + m below 2^31. `ends`: of the n + m numbers in order, 1 where the next one is another, 0 where it is equal; NULL:
 * all differ, which is on the safe side where they do not. */
gd_status gd_smirnov_exact(double d, size_t n, size_t m, const uint8_t *ends, double *p, gd_error *error);

/* In the limit: Q(sqrt(n m / (n + m)) D). More than the exact one (where n = 100, m = 10,000 and p = 0.001 by a sixth),
 * and so on the safe side; nearest where n = m. */
double gd_smirnov_limit(double d, double n, double m);

/* Of Kuiper's V, in the limit, with Stephens' correction for small samples (1970). */
double gd_kuiper_limit(double v, double n, double m);

#ifdef __cplusplus
}
#endif
#endif
