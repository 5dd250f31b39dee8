// SPDX-License-Identifier: Apache-2.0
#include "monitor/alarm.h"

#include "monitor/anderson.h"
#include "monitor/special.h"

#include <math.h>

double gd_alarm_level(double alarms_per_month, double checks_per_month)
{
    return fmin(alarms_per_month / checks_per_month, GD_ALARM_LEVEL_MAX);
}

void gd_holm(double *adjusted, const double *p, int n)
{
    int tests = 0;
    for (int i = 0; i < n; i++)
        tests += !isnan(p[i]);
    for (int i = 0; i < n; i++) {
        int smaller = 0;
        for (int j = 0; j < n; j++)
            smaller += p[j] < p[i] || (p[j] == p[i] && j < i);
        adjusted[i] = isnan(p[i]) ? NAN : fmin(1, (tests - smaller) * p[i]);
    }
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++)
            if (p[j] <= p[i] && adjusted[j] > adjusted[i])
                adjusted[i] = adjusted[j];
}

enum { WINDOW_MAX = 1000000 };

/* ln(n + m choose n) for one more of the window: it grows by the factor (n + m) / m. */
static double grown(double log_orders, double n, double m) { return log_orders + log1p(n / m); }

uint64_t gd_ranks_smallest(double level, uint64_t reference)
{
    const double n = (double)reference;
    double log_orders = 0;
    for (uint64_t m = 1; m <= WINDOW_MAX; m++) {
        log_orders = grown(log_orders, n, (double)m);
        if (log(2) - log_orders <= log(level))
            return m;
    }
    return 0;
}

/* More numbers than these on either side make no window much smaller. */
enum { ANDERSON_MOST = 10000 };

uint64_t gd_anderson_smallest(double level, uint64_t reference)
{
    const size_t n = reference < ANDERSON_MOST ? (size_t)reference : ANDERSON_MOST;
    const size_t least = n > 0 ? (size_t)gd_ranks_smallest(level, n) : 0; /* with fewer no test by ranks does */
    if (least == 0 || least > ANDERSON_MOST)
        return 0;
    size_t low = least - 1, high = least; /* too few; enough */
    while (gd_anderson_apart(n, high) > level) {
        low = high;
        high *= 2;
        if (high > ANDERSON_MOST)
            return 0;
    }
    while (high - low > 1) {
        const size_t middle = (low + high) / 2;
        if (gd_anderson_apart(n, middle) > level)
            low = middle;
        else
            high = middle;
    }
    return high;
}

uint64_t gd_chi_square_smallest(double level, uint64_t reference, int categories)
{
    double log_orders = 0;
    for (uint64_t m = 1; m <= WINDOW_MAX; m++) {
        log_orders = grown(log_orders, (double)reference, (double)m);
        if (log(2.0 * categories) - log_orders <= log(level))
            return m;
    }
    return 0;
}

uint64_t gd_kuiper_smallest(double level, uint64_t reference)
{
    if (reference == 0 ||
        gd_kuiper_upper_two(1, (double)reference, 1e18) > level) /* nor could the largest of windows */
        return 0;
    for (uint64_t m = 1; m <= WINDOW_MAX; m++)
        if (gd_kuiper_upper_two(1, (double)reference, (double)m) <= level)
            return m;
    return 0;
}

/* A^2, in the limit, where a share of the window lies above all of the reference and the rest like it: over H up to h,
 * where that share begins, F = H / h and G = (1 - share) F; above it F = 1 and G goes on to 1. */
static double beyond(double share, double reference, double current)
{
    const double all = reference + current, top = share * current / all, h = 1 - top;
    return reference * current / all * share * share * ((-h - log(top)) / (h * h) + (-log1p(-top) - top) / (top * top));
}

double gd_anderson_seen(double level, double reference, double current)
{
    enum { STEPS = 40, NUMBERS = 200 };
    double low = 0, high = -2 * log(level);
    for (int i = 0; i < STEPS; i++) {
        const double middle = (low + high) / 2;
        *(gd_anderson_upper(middle, NULL, NUMBERS) > level ? &low : &high) = middle;
    }
    const double enough = high;
    if (beyond(1, reference, current) < enough || gd_anderson_rarest((size_t)reference, (size_t)current) > level)
        return INFINITY;
    for (low = 0, high = 1; high - low > 1e-6;) {
        const double middle = (low + high) / 2;
        *(beyond(middle, reference, current) < enough ? &low : &high) = middle;
    }
    return high;
}
