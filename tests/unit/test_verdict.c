// SPDX-License-Identifier: Apache-2.0
#include "monitor/verdict.h"

#include "monitor/alarm.h"
#include "monitored.h"

typedef struct checked {
    gd_baseline baseline;
    gd_window window;
    gd_verdict verdict;
    gd_arena arena;
} checked;

static void judge(checked *c)
{
    gd_error error = {0};
    CHECK_OK(gd_verdict_make(&c->baseline, &c->window, &c->arena, &c->verdict, &error), &error);
}

static checked *check(int n, int m, monitored_harm harm)
{
    checked *c = calloc(1, sizeof *c);
    monitored_baseline(1, n, 100, &c->baseline);
    monitored_window(&c->baseline, 2, m, &harm, &c->window);
    judge(c);
    return c;
}

static void end(checked *c)
{
    gd_baseline_release(&c->baseline);
    gd_window_release(&c->window);
    gd_arena_release(&c->arena);
    free(c);
}

static const char *drift(const checked *c, const char *feature)
{
    const char *words = monitored_violation(&c->verdict, feature, GD_BASELINE_DRIFT);
    return words ? words : "";
}

TEST(the_same_world_is_no_alarm)
{
    checked *c = check(1000, 500, (monitored_harm){0});
    CHECK_EQ_INT(c->verdict.n_violations, 0);
    CHECK_EQ_INT(c->verdict.tests, c->verdict.n_columns + 2);
    CHECK(!c->verdict.too_few && c->verdict.pictures);
    CHECK(isfinite(c->verdict.accuracy.value) && c->verdict.features_compared == GD_COMPARED && c->verdict.mix);
    CHECK_CONTAINS(gd_verdict_summary(&c->verdict, &c->arena), "500 pictures: no violations; estimated accuracy 0.");
    CHECK_NEAR(c->verdict.level, 0.01, 1e-15);
    end(c);
}

TEST(darker_pictures_are_told_in_words)
{
    checked *c = check(1000, 500, (monitored_harm){.darker = 0.1f});
    CHECK_CONTAINS(drift(c, "brightness"), "Pictures are darker than they were: brightness is 0.4");
    CHECK_CONTAINS(drift(c, "brightness"), " on average where the baseline has 0.");
    CHECK_CONTAINS(drift(c, "brightness"), "(p = ");
    CHECK_CONTAINS(drift(c, "brightness"), ", PSI ");
    CHECK_EQ_INT(c->verdict.n_violations, 1);
    CHECK_CONTAINS(gd_verdict_summary(&c->verdict, &c->arena), "500 pictures: 1 violation (brightness)");
    CHECK_NEAR(monitored_column(&c->verdict, "brightness")->moved, -2, 0.2);
    end(c);
}

/* Around 0, where 350 and 10 are neighbours. */
TEST(hue_is_on_a_circle)
{
    checked *c = check(1000, 500, (monitored_harm){.turned = 20});
    const gd_column_verdict *hue = monitored_column(&c->verdict, "hue");
    CHECK(hue->alarm && !isnan(hue->numbers.kuiper));
    CHECK_NEAR(hue->moved, 20, 1.5);
    CHECK_CONTAINS(drift(c, "hue"), "Pictures have other colours than they had: hue is 1");
    end(c);
    c = check(1000, 500, (monitored_harm){.turned = -20});
    CHECK_NEAR(monitored_column(&c->verdict, "hue")->moved, -20, 1.5);
    end(c);
}

TEST(features_mix_and_accuracy_are_alarms)
{
    checked *c = check(1000, 500, (monitored_harm){.strange = 0.5f});
    CHECK_EQ_INT(c->verdict.n_violations, 1);
    CHECK_CONTAINS(drift(c, "features"), "its features are at a distance of 0.");
    CHECK(c->verdict.features.distance > 0.05);
    end(c);
    c = check(1000, 500, (monitored_harm){.unsure = 0.6f});
    CHECK_CONTAINS(drift(c, "estimated_accuracy"), "The model is probably right less often than it was");
    CHECK_CONTAINS(drift(c, "confidence"), "The model is less sure of its answers than it was: confidence is ");
    CHECK_CONTAINS(drift(c, "uncertainty"), "The model is less sure of its answers than it was: uncertainty is ");
    CHECK_CONTAINS(gd_verdict_summary(&c->verdict, &c->arena), "estimated accuracy 0.");
    CHECK(c->verdict.accuracy.value < c->verdict.baseline_accuracy.value);
    end(c);
    c = check(1000, 500, (monitored_harm){.cats = 0.5f});
    CHECK_CONTAINS(drift(c, "prediction"), "The model answers with another mix of classes than it did: 'cat' are 6");
    CHECK(c->verdict.mix[0] > 0.5);
    end(c);
}

/* Surer answers are a change, and no loss. */
TEST(accuracy_is_looked_at_from_one_side)
{
    checked *c = check(1000, 500, (monitored_harm){.unsure = -1});
    CHECK(monitored_column(&c->verdict, "confidence")->alarm && !c->verdict.accuracy_alarm);
    CHECK(c->verdict.accuracy_p > 0.9);
    end(c);
}

TEST(all_p_values_are_one_family)
{
    checked *c = check(1000, 300, (monitored_harm){.darker = 0.02f, .unsure = 0.1f});
    const gd_verdict *v = &c->verdict;
    double p[64], adjusted[64];
    int n = 0;
    for (int i = 0; i < v->n_columns; i++)
        p[n++] = v->column[i].p;
    p[n++] = v->features.p;
    p[n++] = v->accuracy_p;
    gd_holm(adjusted, p, n);
    CHECK_EQ_INT(v->tests, n);
    for (int i = 0; i < v->n_columns; i++) {
        CHECK_NEAR(v->column[i].adjusted, adjusted[i], 0);
        CHECK(v->column[i].alarm == (adjusted[i] <= v->level));
    }
    CHECK_NEAR(v->features_adjusted, adjusted[n - 2], 0);
    CHECK_NEAR(v->accuracy_adjusted, adjusted[n - 1], 0);
    end(c);
}

/* ---- too few ---- */

TEST(a_window_too_small_says_so)
{
    checked *c = check(1000, 1, (monitored_harm){.darker = 0.4f});
    const gd_column_verdict *brightness = monitored_column(&c->verdict, "brightness");
    CHECK(c->verdict.too_few && c->verdict.tests == 0 && c->verdict.n_violations == 0);
    CHECK_EQ_INT(brightness->compared, GD_TOO_FEW);
    CHECK(brightness->least == 2 && isnan(brightness->p) && isfinite(brightness->numbers.psi));
    CHECK_EQ_INT(c->verdict.features_compared, GD_TOO_FEW);
    CHECK_EQ_INT(c->verdict.accuracy_compared, GD_TOO_FEW);
    CHECK(c->verdict.accuracy_least == 2 && isfinite(c->verdict.accuracy.value));
    CHECK_CONTAINS(gd_verdict_summary(&c->verdict, &c->arena), "1 picture: too few to tell");
    end(c);
}

TEST(the_least_that_is_enough_is)
{
    checked *c = check(30, 1, (monitored_harm){.darker = 0.6f});
    const int least = (int)monitored_column(&c->verdict, "brightness")->least;
    end(c);
    CHECK(least > 2);
    c = check(30, least - 1, (monitored_harm){.darker = 0.6f});
    CHECK_EQ_INT(monitored_column(&c->verdict, "brightness")->compared, GD_TOO_FEW);
    end(c);
    c = check(30, least, (monitored_harm){.darker = 0.6f});
    CHECK(monitored_column(&c->verdict, "brightness")->alarm);
    end(c);
}

TEST(an_empty_window_is_nothing)
{
    checked *c = check(200, 0, (monitored_harm){0});
    CHECK(c->verdict.too_few && c->verdict.n_violations == 0);
    CHECK_CONTAINS(gd_verdict_summary(&c->verdict, &c->arena), "no pictures: nothing to tell");
    CHECK(isnan(c->verdict.shift.accuracy.value));
    end(c);
}

/* ---- what is not there ---- */

TEST(files_and_features_that_are_absent_are_no_violation)
{
    checked *c = check(1000, 300, (monitored_harm){.no_file = true, .no_features = true});
    CHECK_EQ_INT(c->verdict.n_violations, 0);
    CHECK_EQ_INT(monitored_column(&c->verdict, "bytes")->compared, GD_NOT_COMPARABLE);
    CHECK_EQ_INT(monitored_column(&c->verdict, "format")->compared, GD_NOT_COMPARABLE);
    CHECK_EQ_INT(c->verdict.features_compared, GD_NOT_COMPARABLE);
    CHECK(isnan(c->verdict.features_adjusted));
    end(c);
}

TEST(answers_must_be_there)
{
    checked *c = check(1000, 300, (monitored_harm){.no_answer = true});
    CHECK(monitored_violation(&c->verdict, "prediction", GD_MISSING_COLUMN));
    CHECK_CONTAINS(monitored_violation(&c->verdict, "confidence", GD_MISSING_COLUMN),
                   "'confidence' is missing: none of 300 pictures has it");
    CHECK_EQ_INT(c->verdict.n_violations, 4);
    CHECK_EQ_INT(c->verdict.accuracy_compared, GD_NOT_COMPARABLE);
    CHECK(isnan(c->verdict.accuracy.value));
    end(c);
}

/* ---- who does not want to be told ---- */

TEST(rules_can_be_switched_off)
{
    checked *c = check(1000, 300, (monitored_harm){.darker = 0.2f, .no_answer = true});
    CHECK_EQ_INT(c->verdict.n_violations, 5);
    c->baseline.rules.compare = false;
    judge(c);
    CHECK_EQ_INT(c->verdict.n_violations, 4);
    CHECK(!monitored_column(&c->verdict, "brightness")->alarm);
    c->baseline.rules.disabled = true;
    judge(c);
    CHECK_EQ_INT(c->verdict.n_violations, 0);
    end(c);
}

TEST(a_threshold_of_its_own_is_of_the_distance)
{
    checked *c = check(1000, 300, (monitored_harm){.darker = 0.1f});
    gd_column_rule *rule = c->baseline.rules.column;
    while (strcmp(rule->name, "brightness") != 0)
        rule++;
    const int tests = c->verdict.tests;
    rule->threshold = 0.99;
    judge(c);
    CHECK_EQ_INT(c->verdict.n_violations, 0);
    CHECK_EQ_INT(c->verdict.tests, tests - 1);
    rule->threshold = 0.3;
    judge(c);
    CHECK_CONTAINS(drift(c, "brightness"), "Numerical distance: 0.");
    CHECK_CONTAINS(drift(c, "brightness"), " exceeds numerical threshold: 0.3");
    end(c);
}

/* ---- without a level ---- */

TEST(a_managed_file_is_judged_by_distance)
{
    checked *c = check(1000, 300, (monitored_harm){.darker = 0.1f, .cats = 0.5f, .strange = 0.5f});
    c->baseline.rules.alarms_per_month = c->baseline.rules.checks_per_month = NAN;
    judge(c);
    const gd_column_verdict *brightness = monitored_column(&c->verdict, "brightness");
    const gd_column_verdict *prediction = monitored_column(&c->verdict, "prediction");
    CHECK(isnan(c->verdict.level) && !c->verdict.features_alarm && !c->verdict.accuracy_alarm);
    CHECK_NEAR(brightness->distance, brightness->numbers.robust, 0);
    CHECK_TEXT(drift(c, "brightness"),
               unit_text("Numerical distance: %.4g exceeds numerical threshold: 0.1", brightness->numbers.robust));
    CHECK_TEXT(drift(c, "prediction"), unit_text("Categorical distance: %.4g exceeds categorical threshold: 0.1",
                                                 prediction->categories.robust));
    c->baseline.rules.robust = false;
    judge(c);
    CHECK_NEAR(monitored_column(&c->verdict, "brightness")->distance, brightness->numbers.ks, 0);
    c->baseline.rules.threshold = 1;
    judge(c);
    CHECK_EQ_INT(c->verdict.n_violations, 0);
    CHECK(!c->verdict.too_few);
    end(c);
}
