// SPDX-License-Identifier: Apache-2.0
/* Schedules and what predictions are worth. */
#include "train/evaluation.h"
#include "train/schedule.h"
#include "unit.h"

#include <math.h>

static gd_train_config cycle(int schedule)
{
    return (gd_train_config){.learning_rate = 1, .schedule = schedule, .warmup = 0.2, .step_factor = 0.1};
}

TEST(one_cycle_rises_then_falls_to_nothing)
{
    gd_train_config c = cycle(GD_SCHEDULE_ONE_CYCLE);
    double most = 0, sum = 0;
    for (int i = 0; i < 100; i++) {
        double rate = gd_schedule_rate(&c, i, 100, 10);
        CHECK(rate > 0 && rate <= 1);
        CHECK(i == 0 || i >= 20 || rate > gd_schedule_rate(&c, i - 1, 100, 10));
        CHECK(i <= 20 || rate < gd_schedule_rate(&c, i - 1, 100, 10));
        most = fmax(most, rate);
        sum += rate;
    }
    CHECK_NEAR(most, 1, 0.03);
    CHECK_NEAR(sum, 50, 0.5); /* the triangle's area */
    CHECK_NEAR(gd_schedule_rate(&c, 99, 100, 10), 0.5 / 80, 1e-9);
}

TEST(cosine_ends_at_nothing_and_passes_half_in_the_middle)
{
    gd_train_config c = cycle(GD_SCHEDULE_COSINE);
    CHECK_NEAR(gd_schedule_rate(&c, 60, 100, 10), 0.5, 0.02);
    CHECK(gd_schedule_rate(&c, 99, 100, 10) < 1e-3);
}

TEST(steps_fall_at_their_epochs)
{
    static const int epochs[] = {4, 6};
    gd_train_config c = cycle(GD_SCHEDULE_STEP);
    c.warmup = 0;
    c.steps = (gd_ints){2, epochs};
    CHECK_NEAR(gd_schedule_rate(&c, 39, 100, 10), 1, 1e-12);
    CHECK_NEAR(gd_schedule_rate(&c, 40, 100, 10), 0.1, 1e-12);
    CHECK_NEAR(gd_schedule_rate(&c, 60, 100, 10), 0.01, 1e-12);
}

TEST(evaluation_counts_what_is_there)
{
    gd_arena arena = {0};
    gd_error error = {0};
    gd_evaluation e;
    const float p[] = {0.9f, 0.1f, 0, 0.2f, 0.8f, 0, 0.6f, 0.4f, 0, 0.1f, 0.2f, 0.7f};
    const int32_t labels[] = {0, 1, 1, 2};
    CHECK_OK(gd_evaluate(p, labels, 4, 3, &arena, &e, &error), &error);
    CHECK_EQ_INT(e.correct, 3);
    CHECK_NEAR(e.accuracy, 0.75, 1e-12);
    CHECK_NEAR(e.interval[0], 0.3006, 1e-4); /* Wilson, 3 of 4 */
    CHECK_NEAR(e.interval[1], 0.9544, 1e-4);
    CHECK_NEAR(e.loss, -(log(0.9) + log(0.8) + log(0.4) + log(0.7)) / 4, 1e-6);
    CHECK_EQ_INT(e.confusion[1 * 3 + 0], 1);
    CHECK_NEAR(e.per_class[0].precision, 0.5, 1e-12);
    CHECK_NEAR(e.per_class[1].recall, 0.5, 1e-12);
    CHECK_NEAR(e.per_class[1].f1, 2.0 / 3, 1e-12);
    CHECK_NEAR(e.top_k_accuracy, 1, 0);
    CHECK_NEAR(e.ece, (0.1 + 0.2 + 0.6 + 0.3) / 4, 1e-6); /* each prediction in a bin of its own */
    CHECK_FAILS(gd_evaluate(p, labels, 0, 3, &arena, &e, &error), GD_INVALID, &error, "no images");
    gd_arena_release(&arena);
}

TEST(comparison_is_mcnemars_exact_test)
{
    int32_t labels[20] = {0}, a[20], b[20];
    for (int i = 0; i < 20; i++) { /* 8 images only b has right, 1 only a */
        a[i] = i < 8;
        b[i] = i == 19;
    }
    gd_evaluation x = {.images = 20, .prediction = a}, y = {.images = 20, .prediction = b};
    gd_pairing c = gd_evaluation_pair(&x, &y, labels);
    CHECK_EQ_INT(c.only_a, 1);
    CHECK_EQ_INT(c.only_b, 8);
    CHECK_NEAR(c.p, 2 * 10.0 / 512, 1e-9); /* (1 + 9) / 2^9, twice */
    CHECK_NEAR(c.difference, 0.35, 1e-12);
    CHECK(c.interval[0] < 0.35 && c.interval[1] > 0.35);
    CHECK_NEAR(gd_evaluation_pair(&x, &x, labels).p, 1, 1e-12);
}
