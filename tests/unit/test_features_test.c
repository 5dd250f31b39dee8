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
    for (uint64_t seed = 1; seed <= 5; seed++) {
        const gd_features_change little = test(seed, BASE, BASE, NORMAL, 0.5f),
                                 much = test(seed, BASE, BASE, NORMAL, 2);
        CHECK(little.p < 1e-3 && much.p < little.p);
        CHECK(much.statistic > little.statistic);
        CHECK(much.distance > little.distance && little.distance > 0.05);
    }
}

/* Two features, and S^-1 by its formula: means of the kernel over all pairs. */
static double plain_discrepancy(const float *row, int n, int m)
{
    const int rows = n + m;
    double mean[2] = {0}, c[3] = {0}, within[3] = {0}, width = 0;
    for (int i = 0; i < 2 * rows; i++)
        mean[i % 2] += (double)row[i] / rows;
    for (int i = 0; i < rows; i++) {
        const double x = (double)row[2 * i] - mean[0], y = (double)row[2 * i + 1] - mean[1];
        c[0] += x * x / (rows - 1);
        c[1] += x * y / (rows - 1);
        c[2] += y * y / (rows - 1);
    }
    const double more = 0.3 * (c[0] + c[2]) / 2;
    c[0] += more;
    c[2] += more;
    for (int pass = 0; pass < 2; pass++) { /* the width, then the kernel */
        for (int i = 0; i < rows; i++) {
            for (int j = 0; j < rows; j++) {
                const double x = (double)row[2 * i] - (double)row[2 * j];
                const double y = (double)row[2 * i + 1] - (double)row[2 * j + 1];
                const double d = (c[2] * x * x - 2 * c[1] * x * y + c[0] * y * y) / (c[0] * c[2] - c[1] * c[1]);
                if (pass == 0)
                    width += d / rows / (rows - 1);
                else
                    within[(i >= n) + (j >= n)] += exp(-d / width);
            }
        }
    }
    return within[0] / n / n + within[2] / m / m - within[1] / n / m;
}

TEST(the_statistic_is_the_mean_discrepancy)
{
    enum { N = 37, M = 21 };
    gd_error error = {0};
    gd_features_change change;
    float row[2 * (N + M)];
    for (int i = 0; i < N + M; i++) {
        row[2 * i] = 100 + draw(7, 2 * i, SKEWED) + (i >= N ? 0.5f : 0);
        row[2 * i + 1] = 3 * draw(7, 2 * i + 1, NORMAL) + 2 * row[2 * i];
    }
    CHECK_OK(gd_features_test(row, N, &row[2 * N], M, 2, 1, &change, &error), &error);
    CHECK_NEAR(change.statistic, plain_discrepancy(row, N, M), 1e-6);
    CHECK_OK(gd_features_test(row, M, &row[2 * M], N, 2, 1, &change, &error), &error); /* more in the window */
    CHECK_NEAR(change.statistic, plain_discrepancy(row, M, N), 1e-6);
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
