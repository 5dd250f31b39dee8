// SPDX-License-Identifier: Apache-2.0
#include "monitor/smirnov.h"

#include "monitor/special.h"

#include <math.h>
#include <stdlib.h>

bool gd_smirnov_is_quick(double d, double n, double m)
{
    return 2 * d * n * m <= GD_SMIRNOV_CELLS && n + m <= GD_SMIRNOV_CELLS;
}

static int64_t floor_of(int64_t a, int64_t b) { return a / b - (a % b < 0); }

/* One more number is drawn, the t-th: P at i of the n and t - i of the m, for i = low … high. */
static void draw(double *restrict to, const double *restrict from, int t, int low, int high)
{
    const double each = 1 / (double)t;
    for (int i = low; i <= high; i++)
        to[i] = (i * from[i - 1] + (t - i) * from[i]) * each;
}

gd_status gd_smirnov_exact(double d, size_t size_n, size_t size_m, const uint8_t *ends, double *p, gd_error *error)
{
    const int64_t n = (int64_t)(size_n < size_m ? size_n : size_m), m = (int64_t)(size_n < size_m ? size_m : size_n);
    const int64_t apart = (int64_t)floor(d * (double)n * (double)m + 0.1); /* |i m - j n| as great as that is outside */
    *p = 1;
    if (apart <= 0)
        return GD_OK;
    double *memory = calloc(2 * (size_t)(n + 3), sizeof *memory);
    if (!memory)
        return gd_fail(error, GD_NOMEM, "out of memory for a test of %zu and %zu numbers", size_n, size_m);
    for (int64_t i = 0; i < 2 * (n + 3); i++)
        memory[i] = 1;
    double *from = memory + 1, *to = from + n + 3; /* [-1 … n + 1]; outside of low … high all are 1 */
    int64_t low = 0, high = 0;
    from[0] = 0;
    for (int64_t t = 1; t <= n + m && low <= high; t++) {
        high += high < n;
        low = low > t - m ? low : t - m;
        draw(to, from, (int)t, (int)low, (int)high);
        if (!ends || ends[t - 1]) { /* inside: -apart < i (n + m) - t n < apart */
            const int64_t least = floor_of(t * n - apart, n + m) + 1, most = -floor_of(-t * n - apart, n + m) - 1;
            low = low > least ? low : least;
            high = high < most ? high : most;
        }
        to[low - 1] = to[high + 1] = 1;
        double *swap = from;
        from = to;
        to = swap;
    }
    if (low <= high)
        *p = from[n];
    free(memory);
    return GD_OK;
}

double gd_smirnov_limit(double d, double n, double m) { return gd_kolmogorov_upper(sqrt(n * m / (n + m)) * d); }

double gd_kuiper_limit(double v, double n, double m)
{
    const double root = sqrt(n * m / (n + m));
    return gd_kuiper_upper((root + 0.155 + 0.24 / root) * v);
}
