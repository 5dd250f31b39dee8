// SPDX-License-Identifier: Apache-2.0
/* Accuracy estimated from confidence: pooling, counts, and that intervals hold what they promise. */
#include "base/rng.h"
#include "monitor/accuracy.h"
#include "unit.h"

#include <math.h>

static double unit_draw(uint64_t seed, int64_t i)
{
    return (double)gd_rng_unit(gd_rng(seed, GD_RNG_TEST, 1, (uint64_t)i).at[0]);
}

/* An over-confident model: confidence is u, the truth u^2. */
static void draw(uint64_t seed, int64_t n, double floor, float *confidence, uint8_t *right)
{
    for (int64_t i = 0; i < n; i++) {
        const double u = floor + (1 - floor) * unit_draw(seed, 2 * i);
        confidence[i] = (float)u;
        right[i] = unit_draw(seed, 2 * i + 1) < u * u;
    }
}

static double mean_right(const uint8_t *right, int64_t n)
{
    double sum = 0;
    for (int64_t i = 0; i < n; i++)
        sum += right[i];
    return sum / (double)n;
}

enum { BASE = 2000, MOST = 500 };

TEST(steps_never_fall_and_hold_the_whole_baseline)
{
    gd_error error = {0};
    gd_calibration c;
    static float confidence[BASE];
    static uint8_t right[BASE];
    for (int n = GD_CALIBRATION_LEAST; n <= BASE; n += 97) {
        double count = 0, hits = 0;
        int64_t counts[GD_CALIBRATION_STEPS] = {0};
        draw((uint64_t)n, n, 0, confidence, right);
        CHECK_OK(gd_calibration_fit(&c, confidence, right, n, &error), &error);
        CHECK(c.n >= 1 && c.n <= GD_CALIBRATION_STEPS);
        for (int k = 0; k < c.n; k++) {
            count += c.count[k];
            hits += c.right[k];
            CHECK(c.count[k] >= GD_CALIBRATION_LEAST);
            CHECK(k == 0 || (c.top[k] > c.top[k - 1] && gd_calibration_share(&c, k) > gd_calibration_share(&c, k - 1)));
        }
        CHECK_NEAR(count, n, 0);
        CHECK_NEAR(hits / n, mean_right(right, n), 1e-12);
        gd_calibration_count(&c, confidence, n, counts); /* of the baseline itself the estimate is the truth */
        for (int k = 0; k < c.n; k++)
            CHECK_EQ_INT(counts[k], (int64_t)c.count[k]);
        CHECK_NEAR(gd_calibration_accuracy(&c, counts, 1.96).value, mean_right(right, n), 1e-12);
    }
}

TEST(pooling_is_by_hand_what_it_is_here)
{
    gd_error error = {0};
    gd_calibration c;
    float confidence[80];
    uint8_t right[80];
    const int hits[4] = {5, 12, 8, 20}; /* the second and third bin violate the order: 20 of 40 */
    for (int i = 0; i < 80; i++) {
        confidence[i] = (float)(80 - i) / 100; /* from the greatest down: sorting matters */
        right[i] = (79 - i) % 20 < hits[(79 - i) / 20];
    }
    CHECK_OK(gd_calibration_fit(&c, confidence, right, 80, &error), &error);
    CHECK_EQ_INT(c.n, 3);
    const double top[] = {0.20f, 0.60f, 0.80f}, count[] = {20, 40, 20}, share[] = {0.25, 0.5, 1};
    for (int k = 0; k < 3; k++) {
        CHECK_NEAR(c.top[k], top[k], 1e-7);
        CHECK_NEAR(c.count[k], count[k], 0);
        CHECK_NEAR(gd_calibration_share(&c, k), share[k], 0);
    }
    CHECK_EQ_INT(gd_calibration_step(&c, 0.20f), 0);
    CHECK_EQ_INT(gd_calibration_step(&c, 0.21f), 1);
    CHECK_EQ_INT(gd_calibration_step(&c, 0.95f), 2);
    CHECK_EQ_INT(gd_calibration_step(&c, NAN), 0);
}

TEST(equal_confidences_are_one_step)
{
    gd_error error = {0};
    gd_calibration c;
    static float confidence[BASE];
    static uint8_t right[BASE];
    for (int i = 0; i < BASE; i++) {
        confidence[i] = i % 2 ? 1 : 0.5f;
        right[i] = i % 2 || i % 4 == 0;
    }
    CHECK_OK(gd_calibration_fit(&c, confidence, right, BASE, &error), &error);
    CHECK_EQ_INT(c.n, 2);
    CHECK_NEAR(c.count[0], BASE / 2, 0);
    CHECK_NEAR(gd_calibration_share(&c, 0), 0.5, 0);
}

/* Windows of the baseline's kind, and windows that are less sure: 400 baselines, each with a window; the realised share
 * of right answers must be in the 95% interval so often as a binomial count of 400 would be, 4 deviations wide. */
static void check_coverage(int base, int window, double floor)
{
    enum { TRIALS = 400 };
    gd_error error = {0};
    static float confidence[BASE];
    static uint8_t right[BASE];
    int held = 0;
    double bias = 0;
    for (int t = 0; t < TRIALS; t++) {
        gd_calibration c;
        int64_t counts[GD_CALIBRATION_STEPS] = {0};
        draw((uint64_t)(2 * t + 1), base, 0, confidence, right);
        CHECK_OK(gd_calibration_fit(&c, confidence, right, base, &error), &error);
        draw((uint64_t)(2 * t + 2), window, floor, confidence, right);
        gd_calibration_count(&c, confidence, window, counts);
        const gd_estimate share = gd_calibration_accuracy(&c, counts, 1.959964);
        const double truth = mean_right(right, window);
        held += truth >= share.low && truth <= share.high;
        bias += (share.value - truth) / TRIALS;
        CHECK(share.low >= 0 && share.low <= share.value && share.value <= share.high && share.high <= 1);
    }
    CHECK_NEAR(held / (double)TRIALS, 0.955, 4 * sqrt(0.05 * 0.95 / TRIALS));
    CHECK_NEAR(bias, 0, 0.01);
}

TEST(intervals_hold_the_truth_as_often_as_they_say)
{
    check_coverage(BASE, 50, 0);
    check_coverage(BASE, MOST, 0);
    check_coverage(200, MOST, 0); /* the calibration's own doubt is most of it */
    check_coverage(BASE, MOST, 0.3);
}

TEST(a_window_of_nothing_says_nothing)
{
    gd_error error = {0};
    gd_calibration c;
    static float confidence[BASE];
    static uint8_t right[BASE];
    const int64_t counts[GD_CALIBRATION_STEPS] = {0};
    draw(1, BASE, 0, confidence, right);
    CHECK_FAILS(gd_calibration_fit(&c, confidence, right, 19, &error), GD_INVALID, &error, "19 pictures");
    CHECK_OK(gd_calibration_fit(&c, confidence, right, BASE, &error), &error);
    CHECK(isnan(gd_calibration_accuracy(&c, counts, 1.96).value));
    confidence[7] = 1.5f;
    CHECK_FAILS(gd_calibration_fit(&c, confidence, right, BASE, &error), GD_INVALID, &error,
                "confidence 1.5 of picture 7");
    confidence[7] = NAN;
    CHECK_FAILS(gd_calibration_fit(&c, confidence, right, BASE, &error), GD_INVALID, &error, "picture 7");
}

/* Of p = 0.9 and n = 100 it is Wilson's: 0.8256 to 0.9448 (R's prop.test without correction). */
TEST(shares_have_wilsons_interval)
{
    const gd_estimate share = gd_estimate_of(0.9, sqrt(0.9 * 0.1 / 100), 1.959963984540054);
    CHECK_NEAR(share.low, 0.82563433, 1e-7);
    CHECK_NEAR(share.high, 0.94477084, 1e-7);
    const gd_estimate sure = gd_estimate_of(1, 0.01, 2);
    CHECK_NEAR(sure.low, 0.98, 1e-12);
    CHECK_NEAR(sure.high, 1, 0);
    const gd_estimate all = gd_estimate_of_share(1, 0, 60, 1.959963984540054); /* R: prop.test(60, 60, correct = F) */
    CHECK_NEAR(all.low, 0.93982, 1e-5);
    CHECK_NEAR(all.high, 1, 0);
    const gd_estimate none = gd_estimate_of_share(0, 0, 1, 1.959963984540054);
    CHECK_NEAR(none.low, 0, 0);
    CHECK_NEAR(none.high, 0.79346, 1e-5);
}

TEST(calibration_error_and_brier_are_those_of_few_pictures_by_hand)
{
    const float confidence[] = {0.95f, 0.97f, 0.35f, 1.0f};
    const uint8_t right[] = {1, 0, 1, 1}, keep[] = {1, 1, 1, 0};
    CHECK_NEAR(gd_calibration_error(confidence, right, NULL, 4), ((0.95 + 0.97 + 1 - 2) + (1 - 0.35)) / 4, 1e-7);
    CHECK_NEAR(gd_calibration_error(confidence, right, keep, 4), ((0.95 + 0.97 - 1) + (1 - 0.35)) / 3, 1e-7);
    CHECK(isnan(gd_calibration_error(confidence, right, keep, 0)));
    const float p[] = {0.5f, 0.25f, 0.25f, 0, 1, 0};
    const int32_t label[] = {0, 0};
    CHECK_NEAR(gd_brier(p, 3, label, NULL, 2), (0.25 + 0.0625 + 0.0625 + 2) / 2, 1e-12);
    CHECK_NEAR(gd_brier(p, 3, label, keep, 1), 0.375, 1e-12);
}
