// SPDX-License-Identifier: Apache-2.0
/* A whole verdict keeps its promise: where nothing changes, alarms come as seldom as was asked for, and a p-value of
 * the estimated accuracy is below x in a share x of windows. */
#include "monitor/verdict_own.h"
#include "monitored.h"

#include <stdio.h>

/* Below that many of `trials` that happen with chance `p` are all but 1 in 2,000. */
static double most_of(double trials, double p) { return trials * p + 3.3 * sqrt(trials * p * (1 - p)) + 1; }

TEST(false_alarms_are_as_few_as_promised)
{
    enum { BASELINES = 200, WINDOWS = 10, PICTURES = 200, WINDOW = 60 };
    const monitored_harm none = {0};
    int alarms = 0;
    for (int b = 0; b < BASELINES; b++) {
        gd_baseline baseline;
        gd_error error = {0};
        monitored_baseline(1000 + (uint64_t)b, PICTURES, 20, &baseline); /* one in 20 */
        for (int w = 0; w < WINDOWS; w++) {
            gd_window window;
            gd_verdict verdict;
            gd_arena arena = {0};
            monitored_window(&baseline, 1000000 + (uint64_t)(b * WINDOWS + w), WINDOW, &none, &window);
            CHECK_OK(gd_verdict_make(&baseline, &window, &arena, &verdict, &error), &error);
            CHECK_EQ_INT(verdict.tests, verdict.n_columns + 2);
            alarms += verdict.n_violations > 0;
            gd_arena_release(&arena);
            gd_window_release(&window);
        }
        gd_baseline_release(&baseline);
    }
    printf("%d of %d undisturbed windows alarm at a level of 5%%\n", alarms, BASELINES * WINDOWS);
    CHECK(alarms <= most_of(BASELINES * WINDOWS, 0.05));
    CHECK(alarms > 0); /* it can */
}

/* Shares of steps as of a model that is mostly sure, which makes the mean's distribution lopsided. */
static int draw_step(uint64_t seed, int i)
{
    const double u = monitored_uniform(seed, 0, i);
    return u < 0.03 ? 0 : u < 0.1 ? 1 : u < 0.25 ? 2 : 3;
}

static void count_low(int n, int m, int trials)
{
    static const double levels[] = {0.05, 0.01, 0.002};
    int below[3] = {0};
    for (int t = 0; t < trials; t++) {
        const uint64_t seed = 77000 + (uint64_t)t;
        gd_calibration c = {.n = 4, .top = {0.4, 0.6, 0.9, 1}};
        int64_t counts[4] = {0};
        for (int i = 0; i < n; i++)
            c.count[draw_step(seed, i)]++;
        for (int i = 0; i < m; i++)
            counts[draw_step(seed + 1000000, i)]++;
        static const double share[] = {0.3, 0.55, 0.85, 0.99};
        for (int k = 0; k < 4; k++)
            c.right[k] = share[k] * c.count[k];
        if (c.count[0] == 0)
            continue;
        for (int l = 0; l < 3; l++)
            below[l] += gd_accuracy_fallen(&c, counts) <= levels[l];
    }
    for (int l = 0; l < 3; l++) {
        printf("n %d m %d: %d of %d at or below %g\n", n, m, below[l], trials, levels[l]);
        CHECK(below[l] <= most_of(trials, 1.15 * levels[l])); /* it is a fit of three moments */
        CHECK(below[l] >= 0.4 * trials * levels[l]);
    }
}

TEST(a_fall_of_accuracy_is_as_likely_as_it_says)
{
    count_low(500, 30, 20000);
    count_low(500, 200, 20000);
    count_low(300, 1000, 20000);
}

TEST(a_fall_of_accuracy_is_seen)
{
    const gd_calibration c = {.n = 2, .top = {0.5, 1}, .count = {100, 900}, .right = {50, 890}};
    CHECK(gd_accuracy_fallen(&c, (const int64_t[]){10, 90}) > 0.4);
    CHECK(gd_accuracy_fallen(&c, (const int64_t[]){40, 60}) < 1e-9);
    CHECK(gd_accuracy_fallen(&c, (const int64_t[]){0, 100}) > 0.99);
    CHECK(isnan(gd_accuracy_fallen(&c, (const int64_t[]){0, 0})));
    const gd_calibration flat = {.n = 1, .top = {1}, .count = {100}, .right = {90}};
    CHECK(isnan(gd_accuracy_fallen(&flat, (const int64_t[]){50})));
}
