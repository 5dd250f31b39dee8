// SPDX-License-Identifier: Apache-2.0
/* The one test on all features: as many false alarms as its p-value says, and it sees what there is. */
#include "base/rng.h"
#include "monitor/features_test.h"
#include "unit.h"

#include <math.h>
#include <string.h>

enum { D = 12, BASE = 300, WINDOW = 60 };

typedef enum spread { NORMAL, SKEWED, HEAVY } spread;

static float draw(uint64_t seed, int64_t i, spread kind)
{
    const gd_philox r = gd_rng(seed, GD_RNG_TEST, 5, (uint64_t)i);
    const double u = ((double)r.at[0] + 0.5) * 0x1p-32, v = (double)r.at[1] * 0x1p-32;
    const double normal = sqrt(-2 * log(u)) * cos(6.283185307179586 * v);
    return (float)(kind == NORMAL ? normal : kind == SKEWED ? fmax(0, normal - 0.5) : normal * exp(normal));
}

/* Rows with common causes, as features have; `move`: of all features along the way, in their deviations. */
static void fill(uint64_t seed, int n, spread kind, float move, float *rows)
{
    for (int i = 0; i < n; i++) {
        const float common = draw(seed, (int64_t)i * (D + 1) + D, kind);
        for (int k = 0; k < D; k++)
            rows[i * D + k] = (float)(k + 1) * (draw(seed, (int64_t)i * (D + 1) + k, kind) + common + move);
    }
}

static gd_features_change test(uint64_t seed, int n, int m, spread kind, float move)
{
    static float baseline[BASE * D], window[BASE * D];
    gd_error error = {0};
    gd_features_change change;
    fill(2 * seed, n, kind, 0, baseline);
    fill(2 * seed + 1, m, kind, move, window);
    CHECK_OK(gd_features_test(baseline, n, window, m, D, seed, &change, &error), &error);
    CHECK(change.p >= 0 && change.p <= 1);
    return change;
}

/* At each level as many as it says, by four deviations of their number. */
static void check_false_alarms(int n, int m, spread kind, int trials)
{
    int below[4] = {0};
    const double level[4] = {0.3, 0.05, 0.01, 0.001};
    for (int t = 0; t < trials; t++) {
        const double p = test((uint64_t)t + 10000 * (uint64_t)kind, n, m, kind, 0).p;
        for (int l = 0; l < 4; l++)
            below[l] += p < level[l];
    }
    for (int l = 0; l < 4; l++)
        CHECK_NEAR(below[l] / (double)trials, level[l], 4 * sqrt(level[l] * (1 - level[l]) / trials) + 1.0 / trials);
}

TEST(false_alarms_are_as_many_as_p_says)
{
    check_false_alarms(BASE, WINDOW, NORMAL, 400);
    check_false_alarms(BASE, WINDOW, SKEWED, 400);
    check_false_alarms(BASE, 10, HEAVY, 400);
    check_false_alarms(40, BASE, SKEWED, 400); /* more in the window than in the baseline */
}

/* Beyond what permutations reach: of 4,000 windows 4 are below 0.001. Features as a network's are: skewed, many 0, with
 * common causes. */
TEST(rare_false_alarms_are_as_many_as_p_says) { check_false_alarms(100, 25, SKEWED, 4000); }

TEST(what_has_moved_is_seen_and_how_far)
{
    for (uint64_t seed = 1; seed <= 20; seed++) {
        const gd_features_change little = test(seed, BASE, BASE, NORMAL, 0.5f),
                                 much = test(seed, BASE, BASE, NORMAL, 2);
        CHECK(little.p < 1e-3 && much.p < little.p);
        CHECK(much.statistic > little.statistic);
        CHECK(much.distance > little.distance && little.distance > 0.2);
    }
}

/* Of one feature T is the square of Student's t but for the pooled variance: with the ridge, t^2 / 1.1 and the total in
 * place of the parts' variance. */
TEST(of_one_feature_it_is_the_difference_of_means)
{
    float baseline[20], window[20];
    double mean[2] = {0}, square = 0;
    gd_error error = {0};
    gd_features_change change;
    for (int i = 0; i < 20; i++) {
        baseline[i] = (float)(i % 7);
        window[i] = (float)(i % 5) + 2;
        mean[0] += (double)baseline[i] / 20;
        mean[1] += (double)window[i] / 20;
    }
    for (int i = 0; i < 20; i++) {
        const double middle = (mean[0] + mean[1]) / 2;
        square += pow((double)baseline[i] - middle, 2) + pow((double)window[i] - middle, 2);
    }
    CHECK_OK(gd_features_test(baseline, 20, window, 20, 1, 1, &change, &error), &error);
    CHECK_NEAR(change.statistic, 10 * pow(mean[1] - mean[0], 2) / (1.1 * square / 39), 1e-5);
}

TEST(equal_rows_and_seeds_give_equal_bits)
{
    const gd_features_change a = test(3, BASE, WINDOW, SKEWED, 0.1f), b = test(3, BASE, WINDOW, SKEWED, 0.1f);
    CHECK(memcmp(&a, &b, sizeof a) == 0);
}

TEST(nothing_to_tell_apart_is_no_alarm)
{
    float same[20 * 2];
    gd_error error = {0};
    gd_features_change change;
    for (int i = 0; i < 40; i++)
        same[i] = 3;
    CHECK_OK(gd_features_test(same, 20, same, 20, 2, 1, &change, &error), &error);
    CHECK_NEAR(change.p, 1, 0);
    CHECK_NEAR(change.distance, 0, 0);
    CHECK_FAILS(gd_features_test(same, 9, same, 20, 2, 1, &change, &error), GD_INVALID, &error, "9 and 20 pictures");
    CHECK_FAILS(gd_features_test(same, 20, same, 20, 0, 1, &change, &error), GD_INVALID, &error, "0 features");
    same[7] = NAN;
    CHECK_FAILS(gd_features_test(same, 20, same, 20, 2, 1, &change, &error), GD_NUMERIC, &error, "not finite");
}
