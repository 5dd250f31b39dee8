// SPDX-License-Identifier: Apache-2.0
/* How likely it is that two samples of one distribution lie as far apart as A^2, Anderson's and Darling's distance.
 * F, G: distribution functions of n and m numbers; H that of all N = n + m; all of them at the middle of a step, as
 * midranks are. Over the numbers z that there are, each a share l of all,
 *
 *     A^2 = (N - 1) n m / N^2 * sum over z of l (F - G)^2 / (H (1 - H) - l / 4)
 *
 * (F. W. Scholz, M. A. Stephens, "K-sample Anderson-Darling tests", 1987, equation 7), whose mean is 1 by chance alone.
 * A gap in the tails, where both functions are near 0 or 1 and chance leaves little room, counts as much as one in the
 * middle, which Kolmogorov's distance is blind to: of 200 pictures with noise of 2 in 255, Smirnov's test sees 47%,
 * this one 83, at the same 1% of false alarms; over all harms of docs/benchmarks.md 60 and 63.
 *
 * By chance sqrt(nm / N) (F - G) is a Brownian bridge B over H, and A^2 a sum of lambda_j Z_j^2, Z_j standard normal.
 * If no numbers are equal lambda_j = 1 / (j (j + 1)); equal ones make it heavier, up to one Z^2 where there are but two
 * numbers. Its cumulant function K(t) = ln E exp(t A^2) is found by one walk along B, in which P is the precision that
 * B has for what came before:
 *
 *     B' = B + Normal(0, l),   weight exp(q (B + B')^2 / 2),   q = t l / (2 (H (1 - H) - l / 4))
 *     P' = (P (1 - l q) - 4 q) / A,   A = 1 + l (P - q),   K = -1/2 * sum of ln A
 *
 * and p by Lugannani's and Rice's saddlepoint formula (as D. Kuonen, "Saddlepoint approximations for distributions of
 * quadratic forms in normal variables", 1999). In the limit of many numbers, to some per cent in the middle and
 * above the true one by an eighth in the tails; so it is for 10 numbers beside 1,000, and for 6 and 9, some equal, it
 * is too great by up to nine times where it is small, which is on the safe side. Pure. */
#ifndef GD_MONITOR_ANDERSON_H
#define GD_MONITOR_ANDERSON_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* l / (H (1 - H) - l / 4): what (F - G)^2 counts at numbers that are a share l of all, behind a share `below` of
 * smaller ones. 0 where they are all. */
double gd_anderson_weight(double below, double l);

/* (N - 1) n m / N^2 */
double gd_anderson_scale(double n, double m);

/* The chance of A^2 >= a, where the n different numbers that there are have these shares, 1 together, in order; NULL:
 * equal ones. */
double gd_anderson_upper(double a, const double *share, size_t n);

/* No order of n and m numbers is rarer than one or the other way round of all orders: the p that no test by ranks goes
 * below. The limit would, for one or two numbers. */
double gd_anderson_rarest(size_t n, size_t m);

/* p where all n numbers lie before all m: what a window of m can prove at the most. */
double gd_anderson_apart(size_t n, size_t m);

#ifdef __cplusplus
}
#endif
#endif
