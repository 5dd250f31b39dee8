// SPDX-License-Identifier: Apache-2.0
#include "monitor/special.h"

#include <float.h>
#include <math.h>

static const double root_2 = 1.4142135623730951, pi = 3.141592653589793;

double gd_normal_upper(double z) { return 0.5 * erfc(z / root_2); }

/* P. J. Acklam, "An algorithm for computing the inverse normal cumulative distribution function", 2003: to 1.2e-9. */
static double normal_start(double p)
{
    static const double a[6] = {-39.69683028665376, 220.9460984245205,  -275.9285104469687,
                                138.3577518672690,  -30.66479806614716, 2.506628277459239};
    static const double b[5] = {-54.47609879822406, 161.5858368580409, -155.6989798598866, 66.80131188771972,
                                -13.28068155288572};
    static const double c[6] = {-0.007784894002430293, -0.3223964580411365, -2.400758277161838,
                                -2.549732539343734,    4.374664141464968,   2.938163982698783};
    static const double d[4] = {0.007784695709041462, 0.3224671290700398, 2.445134137142996, 3.754408661907416};
    if (p >= 0.02425) {
        const double q = p - 0.5, r = q * q;
        return q * (((((a[0] * r + a[1]) * r + a[2]) * r + a[3]) * r + a[4]) * r + a[5]) /
               (((((b[0] * r + b[1]) * r + b[2]) * r + b[3]) * r + b[4]) * r + 1);
    }
    const double q = sqrt(-2 * log(p));
    return (((((c[0] * q + c[1]) * q + c[2]) * q + c[3]) * q + c[4]) * q + c[5]) /
           ((((d[0] * q + d[1]) * q + d[2]) * q + d[3]) * q + 1);
}

double gd_normal_point(double p)
{
    const double tail = p < 0.5 ? p : 1 - p;
    double z = -normal_start(tail);
    for (int i = 0; i < 2; i++) {
        const double off = (gd_normal_upper(z) - tail) * sqrt(2 * pi) * exp(z * z / 2);
        z += off / (1 - z * off / 2);
    }
    return p < 0.5 ? z : -z;
}

/* exp(-x) x^a / gamma(a). Where x is near a, both its factors are huge; so by what they differ from Stirling's. */
static double gamma_density(double a, double x)
{
    if (a < 20) {
        int sign;
        return exp(a * log(x) - x - lgamma_r(a, &sign));
    }
    const double off = (x - a) / a, a2 = a * a;
    const double stirling = (1 - (1 - (2 - 1.5 / a2) / (7 * a2)) / (30 * a2)) / (12 * a);
    return sqrt(a / (2 * pi)) * exp(a * (log1p(off) - off) - stirling);
}

double gd_chi_square_upper(double chi, double freedom)
{
    const double a = freedom / 2, x = chi / 2;
    if (!(x > 0))
        return 1;
    if (x < a + 1) {
        double term = 1 / a, sum = term;
        for (double k = a + 1; term > sum * DBL_EPSILON / 4; k++)
            sum += term *= x / k;
        return 1 - sum * gamma_density(a, x);
    }
    /* Lentz: f = 1 / (x + 1 - a - 1 (1 - a) / (x + 3 - a - …)) */
    double b = x + 1 - a, c = 1 / DBL_MIN, d = 1 / b, f = d;
    for (int k = 1; k < 100000; k++) {
        const double step = k * (a - k);
        b += 2;
        d = step * d + b;
        c = b + step / c;
        d = 1 / (fabs(d) < DBL_MIN ? DBL_MIN : d);
        f *= c * d;
        if (fabs(c * d - 1) < DBL_EPSILON)
            break;
    }
    return f * gamma_density(a, x);
}

double gd_kuiper_upper(double t)
{
    if (!(t > 0.4))
        return 1;
    double sum = 0;
    for (int j = 1; j <= 20; j++) {
        const double square = (double)j * j * t * t;
        sum += 2 * (4 * square - 1) * exp(-2 * square);
    }
    return fmin(sum, 1);
}

double gd_kuiper_upper_two(double v, double n, double m)
{
    const double root = sqrt(n * m / (n + m));
    return gd_kuiper_upper((root + 0.155 + 0.24 / root) * v);
}

static double log_factorial(double n)
{
    int sign;
    return lgamma_r(n + 1, &sign);
}

double gd_log_choose(double n, double k) { return log_factorial(n) - log_factorial(k) - log_factorial(n - k); }

/* From the k-th term down, each i / (n - i + 1) * (1 - share) / share of the one above it. */
double gd_binomial_lower(int64_t k, int64_t n, double share)
{
    if (k >= n || share <= 0)
        return 1;
    if (k < 0 || share >= 1)
        return 0;
    const double a = (double)k, b = (double)(n - k), odds = (1 - share) / share;
    double term = exp(gd_log_choose(a + b, a) + a * log(share) + b * log1p(-share));
    double sum = 0;
    for (int64_t i = k; i >= 0 && term > sum * 1e-17; i--) {
        sum += term;
        term *= (double)i / (double)(n - i + 1) * odds;
    }
    return fmin(sum, 1);
}

/* By halving: the chance grows with the share. */
double gd_binomial_share(int64_t k, int64_t n, double chance)
{
    double low = 0, high = (double)k / (double)n;
    for (int i = 0; i < 60 && k > 0; i++) {
        const double middle = (low + high) / 2;
        if (gd_binomial_lower(n - k, n, 1 - middle) < chance)
            low = middle;
        else
            high = middle;
    }
    return low;
}
