// SPDX-License-Identifier: Apache-2.0
/* What figures of quality are held against: as files say, and as a baseline's labels do, whose false alarms are
 * counted.
 */
#include "quality/limits.h"

#include "base/file.h"
#include "base/rng.h"
#include "unit.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Adds n pictures: of class 1 with chance 0.4, answered right with chance `right`. Draws are `stream`'s. */
static void draw(gd_grades *grades, int classes, int64_t n, double right, uint32_t stream)
{
    gd_error error = {0};
    float *probability = calloc((size_t)classes, sizeof *probability);
    for (int64_t i = 0; i < n; i++) {
        const gd_philox random = gd_rng(99, GD_RNG_TEST, stream, (uint64_t)i);
        const int label = (double)random.at[0] < 0.4 * 0x1p32 ? 1 : (int)(random.at[1] % (uint32_t)classes);
        const bool is_right = (double)random.at[2] < right * 0x1p32;
        const int answer = is_right ? label : (label + 1) % classes;
        for (int c = 0; c < classes; c++)
            probability[c] = c == answer ? 0.7F : 0.3F / (float)(classes - 1);
        CHECK_OK(gd_grades_add(grades, label, probability, &error), &error);
    }
    free(probability);
}

static void drawn(gd_grades *grades, int classes, int64_t n, double right, uint32_t stream)
{
    gd_error error = {0};
    CHECK_OK(gd_grades_init(grades, classes, 1, &error), &error);
    draw(grades, classes, n, right, stream);
    CHECK_OK(gd_grades_settle(grades, &error), &error);
}

/* A baseline that knows how good it was. */
static void baseline_of(gd_baseline *baseline, const gd_grades *grades, double alarms_per_month)
{
    *baseline = (gd_baseline){0};
    baseline->profile.options.n_classes = grades->n_classes;
    baseline->competence = (gd_competence){.n = grades->n, .confusion = grades->confusion};
    baseline->rules = (gd_rules){.alarms_per_month = alarms_per_month, .checks_per_month = 720};
}

static int broken(const gd_limits *limits, const gd_grades *grades)
{
    int n = 0;
    for (int i = 0; i < limits->n; i++)
        n += gd_limit_broken(&limits->limit[i], grades);
    return n;
}

/* How many of `windows` windows of m pictures a baseline of n complains about. */
static int alarms_of(int classes, int64_t n, int64_t m, double right, double right_now, double alarms_per_month,
                     int windows)
{
    int alarms = 0;
    for (int w = 0; w < windows; w++) { /* a baseline each: its own luck is allowed for, too */
        gd_grades reference, now;
        gd_baseline baseline;
        gd_limits limits;
        CHECK_OK(gd_grades_init(&reference, classes, 1, NULL), NULL);
        draw(&reference, classes, n, right, (uint32_t)(2 * w));
        gd_confusion_count(reference.confusion, classes, reference.label, reference.answer, NULL, n);
        drawn(&now, classes, m, right_now, (uint32_t)(2 * w + 1));
        baseline_of(&baseline, &reference, alarms_per_month);
        gd_limits_of_baseline(&baseline, &now, &limits);
        CHECK_EQ_INT(limits.n, classes == 2 ? 10 : 6);
        alarms += broken(&limits, &now) > 0;
        gd_grades_release(&reference);
        gd_grades_release(&now);
    }
    return alarms;
}

TEST(a_baseline_complains_no_more_often_than_it_promises)
{
    enum { WINDOWS = 200 };
    static const struct {
        int classes;
        int64_t n, m;
        double right;
    } cases[] = {{2, 500, 500, 0.9}, {2, 500, 60, 0.95}, {2, 100, 1000, 0.8}, {2, 500, 10, 0.97}, {5, 500, 500, 0.9},
                 {5, 300, 40, 0.6},  {5, 600, 1, 0.45},  {2, 600, 2, 0.9},    {5, 600, 6, 0.45},  {2, 60, 3, 1}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        /* a level of 5%: 10 of 200 are allowed, and 20 by chance once in a thousand times */
        const int alarms =
            alarms_of(cases[i].classes, cases[i].n, cases[i].m, cases[i].right, cases[i].right, 36, WINDOWS);
        if (alarms > 20)
            unit_fail(__FILE__, __LINE__, "case %zu: %d of %d", i, alarms, WINDOWS);
    }
}

TEST(a_baseline_complains_of_a_model_that_is_worse)
{
    CHECK(alarms_of(2, 500, 300, 0.9, 0.75, 1, 40) >= 38);
    CHECK(alarms_of(5, 500, 300, 0.9, 0.75, 1, 40) >= 38);
    CHECK_EQ_INT(alarms_of(2, 500, 300, 0.9, 0.98, 1, 40), 0); /* better is well */
}

TEST(a_suggestion_is_read_as_it_was_written)
{
    gd_grades grades, worse;
    gd_limits suggested, read;
    gd_error error = {0};
    gd_text text = {0};
    const char *path = unit_path("constraints.json");
    drawn(&grades, 2, 400, 0.9, 1);
    drawn(&worse, 2, 400, 0.7, 2);
    gd_limits_suggest(&grades, &suggested);
    CHECK_EQ_INT(suggested.n, 11);
    CHECK_EQ_INT(broken(&suggested, &grades), 0);
    gd_limits_print(&suggested, &grades, &text);
    CHECK_OK(gd_file_write(path, text.at, text.length, &error), &error);
    CHECK_OK(gd_limits_read(path, &worse, &read, &error), &error);
    CHECK_EQ_INT(read.n, 11);
    for (int i = 0; i < read.n; i++) {
        CHECK(read.limit[i].threshold == suggested.limit[i].threshold); /* to the last bit */
        CHECK(read.limit[i].greater == suggested.limit[i].greater && isnan(read.limit[i].reference));
    }
    CHECK_TEXT(grades.metric[read.limit[8].metric].name, "false_positive_rate");
    CHECK_TEXT(gd_limit_operator(&read.limit[8]), "GreaterThanThreshold");
    CHECK(broken(&read, &worse) >= 9);
    text.length = 0;
    gd_limit_describe(&read.limit[0], &worse, &text);
    CHECK_CONTAINS(text.at, unit_text("accuracy is %.4f of 400 labelled pictures, less than the constraint's %.4f.",
                                      worse.metric[0].value, read.limit[0].threshold));
    gd_text_release(&text);
    gd_grades_release(&grades);
    gd_grades_release(&worse);
}

TEST(files_that_are_no_constraints)
{
    static const struct {
        const char *text, *says;
        gd_status status;
    } cases[] = {
        {"{\"binary_classification_constraints\":{\"acuracy\":{\"threshold\":0.5,\"comparison_operator\":"
         "\"LessThanThreshold\"}}}",
         "no figure is called 'acuracy'; did you mean 'accuracy'?", GD_INVALID},
        {"{\"multiclass_classification_constraints\":{}}", "where the model has 2 classes", GD_INVALID},
        {"{\"features\":[]}", "'binary_classification_constraints' is missing", GD_FORMAT},
        {"{\"binary_classification_constraints\":{\"accuracy\":0.5}}", "'accuracy' is no JSON object", GD_FORMAT},
        {"{\"binary_classification_constraints\":{\"accuracy\":{\"threshold\":0.5}}}",
         "'comparison_operator' is missing", GD_FORMAT},
        {"{\"binary_classification_constraints\":{\"accuracy\":{\"threshold\":90,\"comparison_operator\":"
         "\"LessThanThreshold\"}}}",
         "90", GD_INVALID},
        {"{\"binary_classification_constraints\":{\"accuracy\":{\"threshold\":0.9,\"comparison_operator\":"
         "\"LesThanThreshold\"}}}",
         "did you mean 'LessThanThreshold'", GD_INVALID},
        {"[]", "no JSON object", GD_FORMAT},
    };
    gd_grades grades;
    drawn(&grades, 2, 20, 0.9, 1);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        gd_limits limits;
        gd_error error = {0};
        const char *path = unit_path("%zu.json", i);
        CHECK_OK(gd_file_write(path, cases[i].text, strlen(cases[i].text), &error), &error);
        CHECK_FAILS(gd_limits_read(path, &grades, &limits, &error), cases[i].status, &error, cases[i].says);
    }
    gd_grades_release(&grades);
}

TEST(what_a_window_has_none_of_is_no_violation)
{
    gd_grades none;
    gd_error error = {0};
    CHECK_OK(gd_grades_init(&none, 2, 1, &error), &error);
    const float probability[2] = {0.9F, 0.1F};
    for (int i = 0; i < 30; i++)
        CHECK_OK(gd_grades_add(&none, 0, probability, &error), &error); /* all right, and none of class 1 */
    CHECK_OK(gd_grades_settle(&none, &error), &error);
    for (int i = 0; i < none.n_metrics; i++) {
        const char *name = none.metric[i].name;
        const bool known = strcmp(name, "accuracy") == 0 || strcmp(name, "true_negative_rate") == 0 ||
                           strcmp(name, "false_positive_rate") == 0;
        CHECK_EQ_INT(none.metric[i].known, known);
    }
    gd_grades good;
    gd_limits limits;
    drawn(&good, 2, 400, 0.9, 1);
    gd_limits_suggest(&good, &limits);
    CHECK_EQ_INT(broken(&limits, &none), 0); /* though its recall is 0 */
    CHECK_NEAR(none.accuracy.low, 30 / (30 + 1.959963984540054 * 1.959963984540054), 1e-12);
    gd_grades_release(&good);
    gd_grades_release(&none);
}

TEST(a_constraint_of_scores_stands_where_answers_have_none)
{
    gd_grades good, alone;
    gd_limits limits;
    gd_text text = {0};
    gd_error error = {0};
    const char *path = unit_path("constraints.json");
    drawn(&good, 2, 400, 0.9, 1);
    gd_limits_suggest(&good, &limits);
    gd_limits_print(&limits, &good, &text);
    CHECK_CONTAINS(text.at, "\"auc\"");
    CHECK_OK(gd_file_write(path, text.at, text.length, &error), &error);
    CHECK_OK(gd_grades_init(&alone, 2, 1, &error), &error);
    for (int64_t i = 0; i < good.n; i++)
        CHECK_OK(gd_grades_add_alone(&alone, good.label[i], good.answer[i], &error), &error);
    CHECK_OK(gd_grades_settle(&alone, &error), &error);
    for (int i = 0; i < alone.n_metrics - 1; i++)
        CHECK(alone.metric[i].known && alone.metric[i].value == good.metric[i].value);
    CHECK(isnan(alone.calibration_error) && isnan(alone.brier_score) && isnan(alone.brier_deviation));
    CHECK_EQ_INT(alone.metric[alone.n_metrics - 1].known, 0); /* auc */
    CHECK_OK(gd_limits_read(path, &alone, &limits, &error), &error);
    CHECK_EQ_INT(limits.n, 11);
    CHECK_EQ_INT(broken(&limits, &alone), 0);
    gd_text_release(&text);
    gd_grades_release(&good);
    gd_grades_release(&alone);
}
