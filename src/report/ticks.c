// SPDX-License-Identifier: Apache-2.0
#include "report/chart.h"

#include <math.h>
#include <time.h>

int gd_ticks(double low, double high, int most, double tick[GD_TICKS])
{
    if (!(high > low) || !isfinite(high - low) || most < 1)
        return 0;
    if (most > GD_TICKS)
        most = GD_TICKS;
    const double rough = (high - low) / most, power = pow(10, floor(log10(rough)));
    static const double nice[] = {1, 2, 5, 10, 20};
    for (int i = 0; i < 5; i++) {
        const double step = nice[i] * power, slack = 1e-9 * (high - low), first = ceil((low - slack) / step);
        const double last = floor((high + slack) / step);
        if (last - first + 1 > most)
            continue;
        const int n = (int)(last - first) + 1;
        for (int k = 0; k < n; k++)
            tick[k] = (first + k) * step + 0.0; /* no -0 */
        return n;
    }
    return 0;
}

double gd_nice_above(double x)
{
    if (!(x > 0) || !isfinite(x))
        return 1;
    const double power = pow(10, floor(log10(x)));
    static const double nice[] = {1, 2, 5};
    for (int i = 0; i < 3; i++)
        if (x <= nice[i] * power * (1 + 1e-9))
            return nice[i] * power;
    return 10 * power;
}

/* Begins of months in UTC, every `months` of them from the year 0 on. */
static int month_ticks(double low, double high, int months, int most, double tick[GD_TICKS])
{
    const time_t seconds = (time_t)(low / 1000);
    struct tm tm;
    if (!gmtime_r(&seconds, &tm))
        return 0;
    int n = 0;
    for (int month = (12 * (tm.tm_year + 1900) + tm.tm_mon) / months * months;; month += months) {
        struct tm at = {.tm_year = month / 12 - 1900, .tm_mon = month % 12, .tm_mday = 1};
        const double ms = 1000.0 * (double)timegm(&at);
        if (ms > high)
            return n;
        if (ms >= low) {
            if (n == most)
                return most + 1;
            tick[n++] = ms;
        }
    }
}

int gd_time_ticks(double low, double high, int most, double tick[GD_TICKS], int64_t *step_ms)
{
    static const int minutes[] = {1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440, 2 * 1440, 7 * 1440, 14 * 1440};
    static const int months[] = {1, 3, 6, 12, 24, 60, 120, 600, 1200};
    const double minute = 60e3;
    if (!(high > low) || !(fabs(low) < 8e15) || !(fabs(high) < 8e15) || most < 1)
        return 0;
    if (most > GD_TICKS)
        most = GD_TICKS;
    for (size_t i = 0; i < sizeof minutes / sizeof *minutes; i++) {
        const double step = minutes[i] * minute, first = ceil(low / step), last = floor(high / step);
        if (last - first + 1 > most)
            continue;
        const int n = (int)(last - first) + 1;
        for (int k = 0; k < n; k++)
            tick[k] = (first + k) * step;
        *step_ms = (int64_t)step;
        return n;
    }
    for (size_t i = 0; i < sizeof months / sizeof *months; i++) {
        const int n = month_ticks(low, high, months[i], most, tick);
        *step_ms = (int64_t)(months[i] * 30 * 1440 * minute);
        if (n <= most)
            return n;
    }
    return 0;
}
