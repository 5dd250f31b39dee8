// SPDX-License-Identifier: Apache-2.0
/* Figures with labels: by hand, and what must hold of any. Against scipy and scikit-learn's definitions: tests/judge.
 */
#include "base/rng.h"
#include "monitor/quality.h"
#include "unit.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

TEST(figures_of_two_classes_are_those_by_hand)
{
    const int64_t confusion[4] = {50, 10, 5, 35}; /* of 60 negatives 10 wrong, of 40 positives 35 right */
    double v[GD_QUALITY_FIGURES];
    gd_quality_figures(confusion, 2, 1, v);
    CHECK_NEAR(v[GD_ACCURACY], 0.85, 1e-15);
    CHECK_NEAR(v[GD_RECALL], 35 / 40.0, 1e-15);
    CHECK_NEAR(v[GD_PRECISION], 35 / 45.0, 1e-15);
    CHECK_NEAR(v[GD_F1], 70 / 85.0, 1e-15);
    CHECK_NEAR(v[GD_F0_5], 1.25 * 35 / (0.25 * 40 + 45), 1e-15);
    CHECK_NEAR(v[GD_F2], 5 * 35 / (4 * 40 + 45.0), 1e-15);
    CHECK_NEAR(v[GD_TRUE_POSITIVE_RATE], 35 / 40.0, 1e-15);
    CHECK_NEAR(v[GD_FALSE_NEGATIVE_RATE], 5 / 40.0, 1e-15);
    CHECK_NEAR(v[GD_TRUE_NEGATIVE_RATE], 50 / 60.0, 1e-15);
    CHECK_NEAR(v[GD_FALSE_POSITIVE_RATE], 10 / 60.0, 1e-15);
    int64_t constant[4];
    gd_confusion_constant(confusion, 2, constant);
    const int64_t want[4] = {60, 0, 40, 0};
    CHECK(memcmp(constant, want, sizeof want) == 0);
    gd_quality_figures(constant, 2, 1, v);
    CHECK_NEAR(v[GD_ACCURACY], 0.6, 1e-15);
    CHECK_NEAR(v[GD_RECALL], 0, 0); /* and no 0 / 0 */
    CHECK_NEAR(v[GD_PRECISION], 0, 0);
}

TEST(weighted_recall_is_accuracy)
{
    enum { K = 5 };
    int64_t confusion[K * K];
    double v[GD_QUALITY_FIGURES];
    for (int i = 0; i < K * K; i++)
        confusion[i] =
            i / K == 3 ? 0 : gd_rng_below(gd_rng(1, GD_RNG_TEST, 2, (uint64_t)i).at[0], 50); /* one without labels */
    gd_quality_figures(confusion, K, -1, v);
    CHECK_NEAR(v[GD_RECALL], v[GD_ACCURACY], 1e-15);
    CHECK(isnan(v[GD_TRUE_POSITIVE_RATE]));
    memset(confusion, 0, sizeof confusion);
    gd_quality_figures(confusion, K, -1, v);
    CHECK(isnan(v[GD_ACCURACY]) && isnan(v[GD_F1]));
}

TEST(labels_outside_the_classes_are_counted_apart)
{
    const int32_t label[] = {0, 1, 2, -1, 1}, answer[] = {0, 0, 0, 0, 3};
    int64_t confusion[4] = {0};
    CHECK_EQ_INT(gd_confusion_count(confusion, 2, label, answer, NULL, 5), 3);
    const int64_t want[4] = {1, 0, 1, 0};
    CHECK(memcmp(confusion, want, sizeof want) == 0);
}

TEST(parts_are_of_exactly_80_percent_and_each_row_is_as_likely)
{
    enum { N = 203, PARTS = 1000 };
    uint8_t keep[N];
    int kept[N] = {0}, together = 0;
    for (int part = 0; part < PARTS; part++) {
        int n = 0;
        gd_resample(keep, N, 5, part);
        for (int i = 0; i < N; i++) {
            n += keep[i];
            kept[i] += keep[i];
        }
        together += keep[0] && keep[1];
        CHECK_EQ_INT(n, 162);
    }
    const double p = 162.0 / N, pair = p * 161 / (N - 1);
    for (int i = 0; i < N; i++)
        CHECK_NEAR(kept[i] / (double)PARTS, p, 5 * sqrt(p * (1 - p) / PARTS));
    CHECK_NEAR(together / (double)PARTS, pair, 5 * sqrt(pair * (1 - pair) / PARTS));
}

TEST(deviations_are_seeded_and_need_200)
{
    enum { N = 400 };
    gd_error error = {0};
    int32_t label[N], answer[N];
    double a[GD_QUALITY_FIGURES], b[GD_QUALITY_FIGURES];
    for (int i = 0; i < N; i++) {
        label[i] = i % 3;
        answer[i] = i % 7 == 0 ? (i + 1) % 3 : i % 3;
    }
    CHECK_OK(gd_quality_deviations(3, -1, label, answer, N, 1, a, &error), &error);
    CHECK_OK(gd_quality_deviations(3, -1, label, answer, N, 1, b, &error), &error);
    CHECK(memcmp(a, b, sizeof a) == 0 || isnan(a[GD_TRUE_POSITIVE_RATE]));
    CHECK_NEAR(a[GD_ACCURACY], b[GD_ACCURACY], 0);
    CHECK(a[GD_ACCURACY] > 0 && a[GD_ACCURACY] < 0.03); /* half of 0.0175, by five */
    CHECK_OK(gd_quality_deviations(3, -1, label, answer, N, 2, b, &error), &error);
    CHECK(fabs(a[GD_ACCURACY] - b[GD_ACCURACY]) > 0);
    CHECK_OK(gd_quality_deviations(3, -1, label, answer, 199, 1, a, &error), &error);
    CHECK(isnan(a[GD_ACCURACY]));
    const double four[] = {1, 2, 3, 6};
    CHECK_NEAR(gd_deviation(four, 4), sqrt(14.0 / 3), 1e-15);
}

TEST(curves_by_hand)
{
    /* sorted: + at .9, - at .8, + and - tied at .5, + at .2 */
    const float score[] = {0.2f, 0.5f, 0.9f, 0.8f, 0.5f};
    const uint8_t positive[] = {1, 0, 1, 0, 1};
    gd_error error = {0};
    gd_curve_point p[100];
    gd_curves c;
    CHECK_OK(gd_quality_curves(score, positive, NULL, 5, 100, p, &c, &error), &error);
    CHECK_EQ_INT(c.positives, 3);
    CHECK_EQ_INT(c.negatives, 2);
    CHECK_NEAR(c.auc, 2.5 / 6, 1e-15); /* .9 wins twice, .5 ties once */
    CHECK_NEAR(c.average_precision, (1 + 0.5 + 0.6) / 3, 1e-15);
    CHECK_EQ_INT(c.n, 5);
    const double want[5][3] = {{0, 0, 1}, {0, 1 / 3.0, 1}, {0.5, 1 / 3.0, 0.5}, {1, 2 / 3.0, 0.5}, {1, 1, 0.6}};
    for (int i = 0; i < 5; i++) {
        CHECK_NEAR(p[i].false_positive_rate, want[i][0], 1e-15);
        CHECK_NEAR(p[i].true_positive_rate, want[i][1], 1e-15);
        CHECK_NEAR(p[i].precision, want[i][2], 1e-15);
    }
    CHECK(isinf(p[0].threshold));
    CHECK_NEAR(p[4].threshold, 0.2f, 0);
}

TEST(curves_keep_to_their_number_of_points)
{
    enum { N = 5000 };
    gd_error error = {0};
    static float score[N];
    static uint8_t positive[N];
    static gd_curve_point p[N + 1], few[N + 1];
    gd_curves all, c;
    for (int i = 0; i < N; i++) {
        const gd_philox r = gd_rng(3, GD_RNG_TEST, 3, (uint64_t)i);
        positive[i] = r.at[0] < 1u << 30;
        score[i] = gd_rng_unit(r.at[1]) + (positive[i] ? 0.3f : 0);
    }
    CHECK_OK(gd_quality_curves(score, positive, NULL, N, 4 * N, p, &all, &error), &error);
    for (int most = GD_CURVE_LEAST; most < 200; most += 13) {
        CHECK_OK(gd_quality_curves(score, positive, NULL, N, most, few, &c, &error), &error);
        double area = 0;
        CHECK(c.n <= most && c.n >= most / 2);
        CHECK_NEAR(c.auc, all.auc, 0);
        CHECK_NEAR(few[c.n - 1].true_positive_rate, 1, 0);
        CHECK_NEAR(few[c.n - 1].false_positive_rate, 1, 0);
        for (int i = 1; i < c.n; i++)
            area += (few[i].false_positive_rate - few[i - 1].false_positive_rate) *
                    (few[i].true_positive_rate + few[i - 1].true_positive_rate) / 2;
        CHECK_NEAR(area, all.auc, 2.0 / (most - 2)); /* what is left out is little */
    }
    CHECK_FAILS(gd_quality_curves(score, positive, NULL, N, 3, few, &c, &error), GD_INVALID, &error, "3 points");
}

TEST(curves_of_one_class_or_of_nothing)
{
    gd_error error = {0};
    const float score[] = {0.1f, 0.7f, NAN};
    const uint8_t positive[] = {1, 1, 0}, none[3] = {0};
    gd_curve_point p[9];
    gd_curves c;
    CHECK_OK(gd_quality_curves(score, positive, NULL, 2, 9, p, &c, &error), &error);
    CHECK(isnan(c.auc));
    CHECK_NEAR(c.average_precision, 1, 0);
    CHECK_OK(gd_quality_curves(score, none, NULL, 2, 9, p, &c, &error), &error);
    CHECK(isnan(c.auc) && isnan(c.average_precision));
    CHECK_OK(gd_quality_curves(score, positive, none, 2, 9, p, &c, &error), &error);
    CHECK_EQ_INT(c.n, 1);
    CHECK_FAILS(gd_quality_curves(score, positive, NULL, 3, 9, p, &c, &error), GD_INVALID, &error, "picture 2");
}
