// SPDX-License-Identifier: Apache-2.0
#include "monitor/special.h"
#include "monitor/verdict_own.h"

#include <math.h>

/* The numbers r_k of both samples together. */
typedef struct pool {
    double n, m;                  /* of the baseline, of the window */
    double mean, variance, third; /* central moments over all n + m */
    double apart;                 /* the baseline's mean less the window's */
} pool;

static pool pool_of(const gd_calibration *c, const int64_t *counts)
{
    pool p = {0};
    double right = 0, told = 0;
    for (int k = 0; k < c->n; k++) {
        const double r = gd_calibration_share(c, k);
        p.n += c->count[k];
        p.m += (double)counts[k];
        right += c->count[k] * r;
        told += (double)counts[k] * r;
    }
    p.mean = (right + told) / (p.n + p.m);
    p.apart = right / p.n - told / p.m;
    for (int k = 0; k < c->n; k++) {
        const double off = gd_calibration_share(c, k) - p.mean, share = (c->count[k] + (double)counts[k]) / (p.n + p.m);
        p.variance += share * off * off;
        p.third += share * off * off * off;
    }
    return p;
}

/* Of all ways to deal n + m numbers out to both: with N = n + m, of the mean of m of them,
 *
 *     variance  V (N - m) / (m (N - 1)),      third central moment  T (N - m) (N - 2m) / (m^2 (N - 1) (N - 2))
 *
 * (W. G. Cochran, "Sampling techniques", 1977, 2.2 and 2.15), and the difference is -N / n times as far from 0. */
double gd_accuracy_fallen(const gd_calibration *calibration, const int64_t *counts)
{
    const pool p = pool_of(calibration, counts);
    const double all = p.n + p.m, times = all / p.n;
    if (!(p.m > 0 && p.variance > 1e-18 && all > 2))
        return NAN;
    const double variance = times * times * p.variance * p.n / (p.m * (all - 1));
    const double third = -times * times * times * p.third * p.n * (p.n - p.m) / (p.m * p.m * (all - 1) * (all - 2));
    const double deviation = sqrt(variance), skewness = third / (variance * deviation), z = p.apart / deviation;
    if (skewness < 0.01)
        return gd_normal_upper(z);
    const double shape = 4 / (skewness * skewness), x = 2 * (shape + z * sqrt(shape));
    return x > 0 ? gd_chi_square_upper(x, 2 * shape) : 1;
}
