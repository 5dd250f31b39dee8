// SPDX-License-Identifier: Apache-2.0
/* Values from tables; judge/statistics_as_scipy.py has the rest. */
#include "monitor/special.h"

#include "monitor/sort.h"
#include "unit.h"

#include <math.h>
#include <stdlib.h>

TEST(tails_as_in_tables)
{
    CHECK_NEAR(gd_normal_upper(1.959963984540054), 0.025, 1e-15);
    CHECK_NEAR(gd_normal_point(0.025), 1.959963984540054, 1e-13);
    CHECK_NEAR(gd_normal_point(0.975), -1.959963984540054, 1e-13);
    CHECK_NEAR(gd_chi_square_upper(3.841458820694124, 1), 0.05, 1e-14);
    CHECK_NEAR(gd_chi_square_upper(18.307038053275146, 10), 0.05, 1e-13);
    CHECK_NEAR(gd_kuiper_upper(1.747), 0.05, 5e-4);
}

TEST(tails_have_no_seams)
{
    CHECK_NEAR(gd_kuiper_upper(0.4 - 1e-9), gd_kuiper_upper(0.4 + 1e-9), 1e-6);
    for (double freedom = 1; freedom < 1e5; freedom *= 3) { /* series and fraction meet at x = freedom + 2 */
        const double x = freedom + 2, p = gd_chi_square_upper(x * (1 - 1e-12), freedom);
        CHECK_NEAR(gd_chi_square_upper(x * (1 + 1e-12), freedom) / p, 1, 1e-9);
    }
    CHECK_NEAR(gd_kuiper_upper(0), 1, 0);
    CHECK_NEAR(gd_chi_square_upper(0, 3), 1, 0);
}

static int by_number(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

TEST(sorting_is_sorting)
{
    enum { N = 5000 };
    static double x[N], want[N], work[N];
    for (int n = 0; n <= N; n = n * 3 + 1) {
        for (int i = 0; i < n; i++) {
            const double y = ldexp((double)((uint32_t)i * 2654435761u >> 8) - 8388608, i % 40 - 20);
            x[i] = want[i] = y * (i % 7 ? 1 : 1e100);
        }
        qsort(want, (size_t)n, sizeof *want, by_number);
        gd_sort_doubles(x, work, (size_t)n);
        for (int i = 0; i < n; i++)
            CHECK_NEAR(x[i], want[i], 0);
    }
}
