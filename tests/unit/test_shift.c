// SPDX-License-Identifier: Apache-2.0
/* Label shift: mixes that are known are found, and the doubt that is stated is the doubt there is. */
#include "base/rng.h"
#include "monitor/shift.h"
#include "unit.h"

#include <math.h>

enum { K = 4, BASE = 3000, WINDOW = 600 };

typedef struct pictures {
    int32_t label[BASE], answer[BASE];
    float confidence[BASE];
} pictures;

/* n pictures of a mix; right 7 times of 10, and then surer. Class 3 is more often taken for 2. */
static void draw(uint64_t seed, int n, const double mix[K], pictures *p)
{
    for (int i = 0; i < n; i++) {
        const gd_philox r = gd_rng(seed, GD_RNG_TEST, 4, (uint64_t)i);
        double u = (double)gd_rng_unit(r.at[0]);
        int label = 0;
        while (label < K - 1 && u >= mix[label])
            u -= mix[label++];
        const bool right = gd_rng_unit(r.at[1]) < (label == 3 ? 0.5f : 0.75f);
        const int other = (label + 1 + (int)gd_rng_below(r.at[2], K - 1)) % K;
        p->label[i] = label;
        p->answer[i] = right ? label : label == 3 ? 2 : other;
        p->confidence[i] = right ? 0.3f + 0.7f * sqrtf(gd_rng_unit(r.at[3])) : 0.3f + 0.7f * gd_rng_unit(r.at[3]);
    }
}

static const double even[K] = {0.25, 0.25, 0.25, 0.25};

static void make_table(uint64_t seed, int parts, gd_shift_table *table)
{
    static pictures p;
    gd_error error = {0};
    draw(seed, BASE, even, &p);
    CHECK_OK(gd_shift_table_init(table, K, parts, p.label, p.answer, p.confidence, BASE, &error), &error);
}

/* A window that is exactly what the table says of a mix. */
TEST(a_mix_is_found_in_what_it_gives)
{
    const double mixes[][K] = {{0.25, 0.25, 0.25, 0.25}, {0.7, 0.1, 0.15, 0.05}, {0, 0.5, 0.5, 0}, {0, 0, 0, 1}};
    gd_error error = {0};
    for (int parts = 1; parts <= GD_SHIFT_PARTS; parts++) {
        gd_shift_table table;
        make_table(1, parts, &table);
        for (size_t m = 0; m < sizeof mixes / sizeof *mixes; m++) {
            int64_t counts[K * GD_SHIFT_PARTS] = {0};
            double labelled[K] = {0}, mix[K], deviation[K], recall = 0;
            gd_shift shift;
            for (int i = 0; i < K * parts; i++) {
                for (int j = 0; j < K; j++)
                    labelled[j] += (double)table.count[i * K + j];
            }
            for (int i = 0; i < K * parts; i++) {
                double share = 0;
                for (int j = 0; j < K; j++) {
                    share += mixes[m][j] * (double)table.count[i * K + j] / labelled[j];
                    recall += i / parts == j ? mixes[m][j] * (double)table.count[i * K + j] / labelled[j] : 0;
                }
                counts[i] = llround(1e9 * share);
            }
            CHECK_OK(gd_shift_of(&table, counts, 1.96, mix, deviation, &shift, &error), &error);
            for (int j = 0; j < K; j++)
                CHECK_NEAR(mix[j], mixes[m][j], 1e-3);
            CHECK_NEAR(shift.accuracy.value, recall, 1e-3);
            CHECK(shift.condition > 1 && shift.condition < GD_SHIFT_CONDITION);
            CHECK_EQ_INT(shift.strange + shift.unseen, 0);
        }
        gd_shift_table_release(&table);
    }
}

/* Two classes that are nearly alike take thousands of rounds, in which the third's share falls to nothing: it alone
 * gives the third answer, which the window has not. */
TEST(a_class_that_is_gone_leaves_finite_doubt)
{
    enum { CLASSES = 3 };
    const int answered[CLASSES][CLASSES] = {{502, 498, 0}, {498, 502, 0}, {400, 0, 600}};
    const int64_t counts[CLASSES] = {900, 100, 0};
    double mix[CLASSES], deviation[CLASSES];
    static int32_t label[CLASSES * 1000], answer[CLASSES * 1000];
    static float confidence[CLASSES * 1000];
    gd_shift_table table;
    gd_shift shift;
    gd_error error = {0};
    int n = 0;
    for (int j = 0; j < CLASSES; j++) {
        for (int i = 0; i < CLASSES; i++) {
            for (int picture = 0; picture < answered[j][i]; picture++, n++) {
                label[n] = j;
                answer[n] = i;
                confidence[n] = 0.5f;
            }
        }
    }
    CHECK_OK(gd_shift_table_init(&table, CLASSES, 1, label, answer, confidence, n, &error), &error);
    CHECK_OK(gd_shift_of(&table, counts, 1.96, mix, deviation, &shift, &error), &error);
    CHECK_NEAR(mix[0], 1, 1e-3);
    for (int j = 0; j < CLASSES; j++)
        CHECK(isfinite(deviation[j]));
    CHECK(isfinite(shift.accuracy.deviation));
    gd_shift_table_release(&table);
}

/* Of two classes and answers alone, q = (share answered - false positives) / (true positives - false positives), and
 * what lies outside of 0 to 1 is at its edge. */
TEST(two_classes_have_a_formula)
{
    gd_error error = {0};
    int64_t table_counts[4] = {90, 20, 10, 80}; /* answered 0: of 100 zeros 90, of 100 ones 20 */
    const gd_shift_table table = {.classes = 2, .parts = 1, .count = table_counts};
    double mix[2], deviation[2];
    gd_shift shift;
    for (int answered = 0; answered <= 1000; answered += 50) {
        const int64_t counts[2] = {1000 - answered, answered};
        const double want = fmin(1, fmax(0, (answered / 1000.0 - 0.1) / 0.7));
        CHECK_OK(gd_shift_of(&table, counts, 1.96, mix, deviation, &shift, &error), &error);
        CHECK_NEAR(mix[1], want, 1e-3);
        CHECK_NEAR(mix[0] + mix[1], 1, 1e-9);
        if (want > 0.02 && want < 0.98) { /* by hand: of the window's share, and of both rates */
            const double a = answered / 1000.0;
            const double variance =
                a * (1 - a) / 1000 + want * want * 0.8 * 0.2 / 100 + (1 - want) * (1 - want) * 0.9 * 0.1 / 100;
            CHECK_NEAR(deviation[1], sqrt(variance) / 0.7, 1e-3 * deviation[1]);
            CHECK_NEAR(deviation[0], deviation[1], 1e-6);
        }
    }
}

/* Baselines and windows drawn anew: errors in units of the stated deviation have a deviation of 1, and 95% intervals of
 * the accuracy hold the window's own in 95%. */
TEST(stated_doubt_is_the_doubt_there_is)
{
    enum { TRIALS = 300 };
    static pictures p;
    const double mix_of[K] = {0.5, 0.2, 0.1, 0.2};
    double square[K] = {0}, bias[K] = {0};
    int held = 0;
    gd_error error = {0};
    for (int t = 0; t < TRIALS; t++) {
        gd_shift_table table;
        int64_t counts[K * GD_SHIFT_PARTS] = {0};
        double mix[K], deviation[K], right = 0;
        gd_shift shift;
        make_table((uint64_t)(2 * t + 1), GD_SHIFT_PARTS, &table);
        draw((uint64_t)(2 * t + 2), WINDOW, mix_of, &p);
        for (int i = 0; i < WINDOW; i++) {
            counts[gd_shift_cell(&table, p.answer[i], p.confidence[i])]++;
            right += p.answer[i] == p.label[i];
        }
        CHECK_OK(gd_shift_of(&table, counts, 1.959964, mix, deviation, &shift, &error), &error);
        for (int j = 0; j < K; j++) {
            const double off = (mix[j] - mix_of[j]) / deviation[j];
            square[j] += off * off / TRIALS;
            bias[j] += (mix[j] - mix_of[j]) / TRIALS;
        }
        held += right / WINDOW >= shift.accuracy.low && right / WINDOW <= shift.accuracy.high;
        gd_shift_table_release(&table);
    }
    for (int j = 0; j < K; j++) {
        CHECK_NEAR(sqrt(square[j]), 1, 0.15);
        CHECK_NEAR(bias[j], 0, 0.01);
    }
    CHECK_NEAR(held / (double)TRIALS, 0.96, 4 * sqrt(0.05 * 0.95 / TRIALS));
}

TEST(classes_that_are_not_told_apart_are_said_so)
{
    gd_error error = {0};
    int64_t same[9] = {80, 5, 5, 10, 55, 55, 10, 40, 40}, alike[9] = {80, 5, 5, 10, 56, 54, 10, 39, 41};
    const int64_t counts[3] = {50, 30, 20};
    double mix[3], deviation[3];
    gd_shift shift;
    gd_shift_table table = {.classes = 3, .parts = 1, .count = same};
    CHECK_OK(gd_shift_of(&table, counts, 1.96, mix, deviation, &shift, &error), &error);
    CHECK(isinf(shift.condition));
    CHECK(isnan(deviation[1]));
    CHECK_NEAR(mix[0] + mix[1] + mix[2], 1, 1e-9);
    CHECK_NEAR(shift.accuracy.low, 0, 0);
    CHECK_NEAR(shift.accuracy.high, 1, 0);
    table.count = alike;
    CHECK_OK(gd_shift_of(&table, counts, 1.96, mix, deviation, &shift, &error), &error);
    CHECK(shift.condition > GD_SHIFT_CONDITION && isfinite(shift.condition));
    CHECK(deviation[1] > 1);
}

TEST(what_the_baseline_has_not_is_counted)
{
    gd_error error = {0};
    int64_t seen[9] = {8, 0, 2, 0, 0, 0, 2, 0, 8}; /* nothing of class 1, and never answered */
    const int64_t counts[3] = {40, 7, 60}, none[3] = {0};
    double mix[3], deviation[3];
    gd_shift shift;
    const gd_shift_table table = {.classes = 3, .parts = 1, .count = seen};
    CHECK_OK(gd_shift_of(&table, counts, 1.96, mix, deviation, &shift, &error), &error);
    CHECK_EQ_INT(shift.unseen, 1);
    CHECK_EQ_INT(shift.strange, 7);
    CHECK_NEAR(mix[0], (0.4 - 0.2) / 0.6, 1e-4);
    CHECK_NEAR(mix[1], 0, 0);
    CHECK(isnan(deviation[1]));
    CHECK_OK(gd_shift_of(&table, none, 1.96, mix, deviation, &shift, &error), &error);
    CHECK(isnan(mix[0]) && isnan(deviation[0]) && isnan(shift.accuracy.value));
}

/* While the mix of two classes that are hardly told apart is found slowly, another's share falls by a thirtieth each
 * round, and one divided by what it tells of its own cell is infinite. */
TEST(a_class_may_vanish)
{
    gd_error error = {0};
    int64_t seen[16] = {1000, 964, 0, 0, 0, 36, 0, 0, 0, 0, 500, 490, 0, 0, 500, 510};
    const int64_t counts[4] = {1000, 0, 500, 500};
    double mix[4], deviation[4];
    gd_shift shift;
    const gd_shift_table table = {.classes = 4, .parts = 1, .count = seen};
    CHECK_OK(gd_shift_of(&table, counts, 1.96, mix, deviation, &shift, &error), &error);
    CHECK_NEAR(mix[0], 0.5, 1e-6);
    CHECK_NEAR(mix[1], 0, 1e-300);
    CHECK(deviation[0] > 0 && deviation[0] < 0.05);
    CHECK(deviation[1] >= 0 && deviation[1] < 0.01);
    CHECK(shift.accuracy.low < shift.accuracy.value && shift.accuracy.value < shift.accuracy.high);
}

TEST(tables_of_nonsense_are_refused)
{
    gd_error error = {0};
    gd_shift_table table;
    const int32_t label[2] = {0, 1}, answer[2] = {0, 5};
    const float confidence[2] = {0.5f, 0.5f};
    CHECK_FAILS(gd_shift_table_init(&table, 2, 1, label, answer, confidence, 2, &error), GD_INVALID, &error,
                "label 1 and answer 5 of picture 1");
    CHECK_FAILS(gd_shift_table_init(&table, 2, 5, label, answer, confidence, 2, &error), GD_INVALID, &error, "5 parts");
    CHECK_FAILS(gd_shift_table_init(&table, 2, 1, label, answer, confidence, 0, &error), GD_INVALID, &error,
                "0 pictures");
    gd_shift_table_release(&table);
}
