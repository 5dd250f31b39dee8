// SPDX-License-Identifier: Apache-2.0
/* The distributions that tests of change are read off. All but the binomial give upper tails (the chance of at least as
 * much), as small ones are what matters and 1 - p would lose them. Accuracy is relative, and held against scipy.
 * Thread-safe. */
#ifndef GD_MONITOR_SPECIAL_H
#define GD_MONITOR_SPECIAL_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Of the standard normal: P(Z >= z) = erfc(z / sqrt(2)) / 2; to 1e-14 * (1 + z^2). */
double gd_normal_upper(double z);

/* The z with P(Z >= z) = p, for p in (0, 1): Acklam's rational start, then two steps of Halley; to 1e-13 * (1 + |z|).
 */
double gd_normal_point(double p);

/* Of a sum of `freedom` squared standard normals: P(X >= x) = Q(freedom / 2, x / 2), the regularised upper incomplete
 * gamma function, as a series below its bend and as a continued fraction above (Press et al., "Numerical Recipes", 6.2,
 * after Lentz). freedom 1 to 1e5; to 1e-10 wherever p > 1e-290. */
double gd_chi_square_upper(double x, double freedom);

/* Kuiper's limit of sqrt(n) * V: Q(t) = 2 * sum over j >= 1 of (4 j^2 t^2 - 1) exp(-2 j^2 t^2) (Kuiper, 1960); 1 below
 * t = 0.4, where it is within 1e-6 of it. */
double gd_kuiper_upper(double t);

/* That of Kuiper's V between n and m numbers, with Stephens' correction for few (1970). */
double gd_kuiper_upper_two(double v, double n, double m);

double gd_log_choose(double n, double k); /* ln of n over k */

/* Binomial: the chance of k or fewer out of n, each with the chance `share`. */
double gd_binomial_lower(int64_t k, int64_t n, double share);

/* The least share that k of n may come of: below it, k or more have less than that chance (C. J. Clopper, E. S.
 * Pearson, 1934). */
double gd_binomial_share(int64_t k, int64_t n, double chance);

#ifdef __cplusplus
}
#endif
#endif
