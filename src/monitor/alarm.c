// SPDX-License-Identifier: Apache-2.0
#include "monitor/alarm.h"

#include "monitor/smirnov.h"
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

uint64_t gd_smirnov_smallest(double level, uint64_t reference)
{
    const double n = (double)reference;
    double log_orders = 0;
    for (uint64_t m = 1; m <= WINDOW_MAX; m++) {
        log_orders = grown(log_orders, n, (double)m);
        const bool quick = gd_smirnov_is_quick(1, n, (double)m);
        if (quick ? log(2) - log_orders <= log(level) : gd_smirnov_limit(1, n, (double)m) <= level)
            return m;
    }
    return 0;
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
    if (reference == 0 || gd_kuiper_limit(1, (double)reference, 1e18) > level) /* nor could the largest of windows */
        return 0;
    for (uint64_t m = 1; m <= WINDOW_MAX; m++)
        if (gd_kuiper_limit(1, (double)reference, (double)m) <= level)
            return m;
    return 0;
}

double gd_smirnov_seen(double level, double reference, double current)
{
    double low = 0, high = 100;
    for (int i = 0; i < 60; i++) {
        const double middle = (low + high) / 2;
        if (gd_kolmogorov_upper(middle) > level)
            low = middle;
        else
            high = middle;
    }
    return high / sqrt(reference * current / (reference + current));
}
