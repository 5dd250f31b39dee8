// SPDX-License-Identifier: Apache-2.0
#include "monitor/distance.h"

#include <math.h>

static double sum_of(int n, const double *count)
{
    double sum = 0;
    for (int i = 0; i < n; i++)
        sum += count[i];
    return sum;
}

double gd_distance_psi(int n, const double *reference, const double *current)
{
    const double all_p = sum_of(n, reference), all_q = sum_of(n, current);
    const double each = 0.5 / fmin(all_p, all_q), all = 1 + n * each;
    double psi = 0;
    for (int i = 0; i < n; i++) {
        const double p = (reference[i] / all_p + each) / all, q = (current[i] / all_q + each) / all;
        psi += (q - p) * log(q / p);
    }
    return psi;
}

/* What p adds to its divergence from the mean of both, in bits. */
static double of_mean(double p, double q) { return p > 0 ? p * log2(2 * p / (p + q)) : 0; }

double gd_distance_js(int n, const double *reference, const double *current)
{
    const double all_p = sum_of(n, reference), all_q = sum_of(n, current);
    double js = 0;
    for (int i = 0; i < n; i++) {
        const double p = reference[i] / all_p, q = current[i] / all_q;
        js += (of_mean(p, q) + of_mean(q, p)) / 2;
    }
    return sqrt(fmin(fmax(js, 0), 1));
}

double gd_distance_linf(int n, const double *reference, const double *current)
{
    const double all_p = sum_of(n, reference), all_q = sum_of(n, current);
    double linf = 0;
    for (int i = 0; i < n; i++)
        linf = fmax(linf, fabs(reference[i] / all_p - current[i] / all_q));
    return linf;
}

double gd_distance_robust(double simple, double n, double m) { return fmax(0, simple - 1.8 * sqrt((n + m) / (n * m))); }
