// SPDX-License-Identifier: Apache-2.0
#include "monitor/alarm.h"

#include "monitor/chi_square.h"
#include "monitor/compare.h"
#include "monitor/special.h"
#include "sorted.h"
#include "unit.h"

#include <math.h>
#include <stdlib.h>

TEST(holm_as_in_the_books)
{
    const double p[] = {0.01, NAN, 0.04, 0.03, 0.005, 0.9, 0.9}, want[] = {0.05, NAN, 0.12, 0.12, 0.03, 1, 1};
    double adjusted[7];
    gd_holm(adjusted, p, 7);
    for (int i = 0; i < 7; i++)
        CHECK(isnan(want[i]) ? isnan(adjusted[i]) != 0 : fabs(adjusted[i] - want[i]) < 1e-15);
}

TEST(a_month_of_checks_shares_its_alarms)
{
    CHECK_NEAR(gd_alarm_level(1, 720), 1.0 / 720, 0);
    CHECK_NEAR(gd_alarm_level(1, 2), GD_ALARM_LEVEL_MAX, 0);
}

static double p_all_apart(int n, int m, double period)
{
    float *x = malloc(sizeof *x * (size_t)n), *y = malloc(sizeof *y * (size_t)m);
    gd_sample reference, current;
    gd_comparison c;
    gd_error error = {0};
    for (int i = 0; i < n; i++)
        x[i] = 10 + (float)i / (float)n;
    for (int i = 0; i < m; i++)
        y[i] = 20 + (float)i / (float)m;
    CHECK_OK(sample_of_floats(&reference, x, (size_t)n, &error), &error);
    CHECK_OK(sample_of_floats(&current, y, (size_t)m, &error), &error);
    CHECK_OK(period > 0 ? gd_sample_compare_circular(&reference, &current, period, &c, &error)
                        : gd_sample_compare(&reference, &current, &c, &error),
             &error);
    gd_sample_release(&reference);
    gd_sample_release(&current);
    free(x);
    free(y);
    return c.p;
}

TEST(a_window_that_is_too_small_cannot_reject)
{
    for (int n = 5; n <= 5000; n *= 10)
        for (double level = 1e-2; level > 1e-7; level /= 10) {
            const int anderson = (int)gd_anderson_smallest(level, (uint64_t)n),
                      kuiper = (int)gd_kuiper_smallest(level, (uint64_t)n);
            CHECK(anderson > 0 && anderson < 200);
            CHECK(p_all_apart(n, anderson, 0) <= level);
            CHECK(anderson == 1 || p_all_apart(n, anderson - 1, 0) > level);
            CHECK((int)gd_ranks_smallest(level, (uint64_t)n) <= anderson); /* no test by ranks does with less */
            if (kuiper > 0)
                CHECK(p_all_apart(n, kuiper, 360) <= level);
            if (kuiper > 1)
                CHECK(p_all_apart(n, kuiper - 1, 360) > level);
        }
    CHECK_EQ_INT(gd_kuiper_smallest(1e-6, 5), 0); /* by five numbers nothing is proved */
    CHECK_EQ_INT(gd_anderson_smallest(1e-6, 1), 0);
    CHECK_EQ_INT(gd_anderson_smallest(1e-6, 0), 0);
    CHECK_EQ_INT(gd_anderson_smallest(1e-4, 1000000000), 2);
}

TEST(a_window_of_something_new_can_reject)
{
    enum { CLASSES = 10 };
    for (double level = 1e-2; level > 1e-9; level /= 10) {
        const int smallest = (int)gd_chi_square_smallest(level, CLASSES * 70, CLASSES + 1);
        for (int n = smallest - 1; n <= smallest; n++) {
            double reference[CLASSES + 1], current[CLASSES + 1] = {[CLASSES] = n};
            gd_chi_square test;
            gd_error error = {0};
            for (int i = 0; i <= CLASSES; i++)
                reference[i] = i < CLASSES ? 70 : 0;
            if (n > 0) {
                CHECK_OK(gd_chi_square_test(CLASSES + 1, reference, current, &test, &error), &error);
                CHECK((test.p <= level) == (n == smallest));
            }
        }
    }
}

/* A window of which a share lies beyond all else, and the rest evenly within. */
TEST(what_a_window_can_see_is_what_it_rejects)
{
    enum { N = 5000, M = 400 };
    static float x[N], y[M];
    const double level = 1e-4, share = gd_anderson_seen(level, N, M);
    CHECK(share > 0.04 && share < 0.2);
    for (int more = -1; more <= 1; more += 2) {
        const int out = (int)(share * M * (1 + 0.15 * more));
        gd_sample reference, current;
        gd_comparison c;
        gd_error error = {0};
        for (int i = 0; i < N; i++)
            x[i] = ((float)i + 0.5f) / N;
        for (int i = 0; i < M; i++)
            y[i] = i < out ? 2 + (float)i : ((float)(i - out) + 0.5f) / (float)(M - out);
        CHECK_OK(sample_of_floats(&reference, x, N, &error), &error);
        CHECK_OK(sample_of_floats(&current, y, M, &error), &error);
        CHECK_OK(gd_sample_compare(&reference, &current, &c, &error), &error);
        CHECK((c.p < level) == (more > 0));
        gd_sample_release(&reference);
        gd_sample_release(&current);
    }
    CHECK(isinf(gd_anderson_seen(1e-4, 5000, 1)));
    CHECK(isinf(gd_anderson_seen(1e-4, 1, 4000)));
}
