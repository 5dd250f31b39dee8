// SPDX-License-Identifier: Apache-2.0
/* Constraints, on tables of a few columns. */
#include "monitor/special.h"
#include "monitor/verdict_own.h"
#include "monitored.h"

typedef struct table {
    gd_baseline baseline;
    gd_window window;
    gd_verdict verdict;
    gd_arena arena;
} table;

enum { ROWS = 1000 };

static void add(gd_profile *profile, const char *name, gd_column_kind kind, double first, double step, double last,
                int n)
{
    double x[ROWS];
    gd_error error = {0};
    for (int i = 0; i < n; i++)
        x[i] = i == n - 1 ? last : first + step * (i % 100);
    CHECK_OK(gd_profile_add_numbers(profile, name, kind, x, (size_t)n, &error), &error);
}

/* Columns "whole" and "real", the last value of each in the window as told. */
static table *tables(gd_column_kind kind, double whole, double real)
{
    table *t = calloc(1, sizeof *t);
    gd_error error = {0};
    CHECK_OK(gd_profile_init(&t->baseline.profile, &(gd_profile_options){0}, &error), &error);
    add(&t->baseline.profile, "whole", GD_COLUMN_WHOLE, 0, 1, 5, ROWS);
    add(&t->baseline.profile, "real", GD_COLUMN_NUMBERS, 0, 0.1, 0.5, ROWS);
    CHECK_OK(gd_rules_of(&t->baseline.profile, 1, 100, &t->baseline.rules, &error), &error);
    CHECK_OK(gd_window_init(&t->window, &t->baseline, 1, &error), &error);
    if (!isnan(whole))
        add(&t->window.profile, "whole", kind, 0, 1, whole, ROWS);
    if (!isnan(real))
        add(&t->window.profile, "real", GD_COLUMN_NUMBERS, 0, 0.1, real, ROWS);
    return t;
}

static void judge(table *t)
{
    gd_error error = {0};
    CHECK_OK(gd_profile_settle(&t->window.profile, &error), &error);
    CHECK_OK(gd_verdict_make(&t->baseline, &t->window, &t->arena, &t->verdict, &error), &error);
}

static void end(table *t)
{
    gd_baseline_release(&t->baseline);
    gd_window_release(&t->window);
    gd_arena_release(&t->arena);
    free(t);
}

static void expect(table *t, const char *feature, gd_violation_kind kind, const char *words)
{
    judge(t);
    CHECK_EQ_INT(t->verdict.n_violations, words ? 1 : 0);
    if (words)
        CHECK_TEXT(monitored_violation(&t->verdict, feature, kind), words);
    end(t);
}

TEST(an_ordinary_table_breaks_no_rule) { expect(tables(GD_COLUMN_WHOLE, 7, 0.3), "", GD_DATA_TYPE, NULL); }

TEST(whole_numbers_stay_whole)
{
    const char *words = "99.9% of 'whole' are whole numbers, where at least 100% have to be.";
    expect(tables(GD_COLUMN_WHOLE, 5.5, 0.3), "whole", GD_DATA_TYPE, words);
    expect(tables(GD_COLUMN_NUMBERS, 5.5, 0.3), "whole", GD_DATA_TYPE, words);
    expect(tables(GD_COLUMN_NUMBERS, 5, 0.3), "whole", GD_DATA_TYPE, NULL);
    table *t = tables(GD_COLUMN_WHOLE, 5.5, 0.3);
    t->baseline.rules.column[0].any_kind = true;
    expect(t, "", GD_DATA_TYPE, NULL);
}

TEST(the_managed_wording_where_there_is_no_level)
{
    table *t = tables(GD_COLUMN_WHOLE, 5.5, 0.3);
    t->baseline.rules.alarms_per_month = NAN;
    expect(
        t, "whole", GD_DATA_TYPE,
        "Data type match requirement is not met. Expected data type: Integral, Expected match: 100.0%. Observed: Only "
        "99.9% of data is Integral.");
}

TEST(what_is_never_negative_must_not_be)
{
    expect(tables(GD_COLUMN_WHOLE, 5, -0.25), "real", GD_DATA_TYPE,
           "'real' must not be negative: the least of 1000 values is -0.25.");
    table *t = tables(GD_COLUMN_WHOLE, 5, -0.25);
    t->baseline.rules.column[1].non_negative = false;
    expect(t, "", GD_DATA_TYPE, NULL);
}

/* A rule that is a bound of chance, not of the world, would be broken by chance. */
TEST(only_a_least_value_of_0_is_a_bound)
{
    gd_profile profile;
    gd_rules rules;
    gd_error error = {0};
    CHECK_OK(gd_profile_init(&profile, &(gd_profile_options){0}, &error), &error);
    add(&profile, "bell", GD_COLUMN_NUMBERS, 0.2, 0.1, 3, ROWS);
    add(&profile, "below", GD_COLUMN_NUMBERS, -1, 0.1, 3, ROWS);
    add(&profile, "bound", GD_COLUMN_NUMBERS, 0, 0.1, 3, ROWS);
    CHECK_OK(gd_rules_of(&profile, 1, 100, &rules, &error), &error);
    CHECK(!rules.column[0].non_negative && !rules.column[1].non_negative && rules.column[2].non_negative);
    gd_arena_release(&rules.arena);
    gd_profile_release(&profile);
}

TEST(missing_and_new_columns_of_a_table)
{
    expect(tables(GD_COLUMN_WHOLE, NAN, 0.3), "whole", GD_MISSING_COLUMN,
           "'whole' is missing: none of 1000 rows has it. There is 1 column, and 2 in the baseline's constraints.");
    table *t = tables(GD_COLUMN_WHOLE, 5, 0.3);
    add(&t->window.profile, "more", GD_COLUMN_NUMBERS, 0, 1, 0, ROWS);
    expect(t, "more", GD_EXTRA_COLUMN,
           "'more' is new: the baseline does not have it. There are 3 columns, and 2 in the baseline's constraints.");
}

/* As are bytes of a file, where the baseline's pictures were no files. */
TEST(what_pictures_have_more_is_no_violation)
{
    for (int of = GD_OF_PICTURE; of <= GD_OF_ANSWER; of++) {
        table *t = tables(GD_COLUMN_WHOLE, 5, 0.3);
        add(&t->window.profile, "more", GD_COLUMN_NUMBERS, 0, 1, 0, ROWS);
        t->window.profile.column[2].of = (gd_column_of)of;
        expect(t, "more", GD_EXTRA_COLUMN, NULL);
    }
}

/* ---- completeness ---- */

/* 1000 rows that all have it may come of a share of 0.9931, whose chance of that is one in a thousand. */
TEST(a_whole_column_may_come_of_one_that_is_not)
{
    table *t = tables(GD_COLUMN_WHOLE, 5, 0.3);
    CHECK_NEAR(t->baseline.rules.column[1].completeness, pow(1e-3, 1.0 / ROWS), 1e-12);
    expect(t, "real", GD_COMPLETENESS, NULL);
    expect(tables(GD_COLUMN_WHOLE, 5, INFINITY), "real", GD_COMPLETENESS, NULL);
}

TEST(many_that_are_missing_are_no_chance)
{
    for (int missing = 22; missing <= 24; missing++) { /* 23 or more of 1000 come of 0.69% once in a million windows */
        table *t = tables(GD_COLUMN_WHOLE, 5, NAN);
        add(&t->window.profile, "real", GD_COLUMN_NUMBERS, 0, 0.1, 0.5, ROWS - missing);
        expect(t, "real", GD_COMPLETENESS,
               missing < 23
                   ? NULL
                   : unit_text("'real' is missing from %d of 1000 rows: %.1f%% have it, where at least 99.3%% have to.",
                               missing, 100 - missing / 10.0));
    }
}

/* Who writes 1 means it. */
TEST(a_person_may_ask_for_all_of_them)
{
    table *t = tables(GD_COLUMN_WHOLE, 5, INFINITY);
    t->baseline.rules.column[1].completeness = 1;
    expect(t, "real", GD_COMPLETENESS,
           "'real' is missing from 1 of 1000 rows: 99.9% have it, where at least 100% have to.");
}

TEST(a_share_is_broken_where_it_is_not_chance)
{
    for (int strict = 0; strict < 2; strict++) {
        table *t = tables(GD_COLUMN_WHOLE, 5, INFINITY);
        t->baseline.rules.column[1].completeness = 0.9995; /* so few have 1 of 1000: 39% */
        t->baseline.rules.alarms_per_month = strict ? NAN : 1;
        expect(t, "real", GD_COMPLETENESS,
               strict ? "'real' is missing from 1 of 1000 rows: 99.9% have it, where at least 99.95% have to." : NULL);
    }
}

TEST(chance_of_so_few)
{
    CHECK_NEAR(gd_binomial_lower(2, 4, 0.5), 11.0 / 16, 1e-14);
    CHECK_NEAR(gd_binomial_lower(0, 3, 0.9), 1e-3, 1e-15);
    CHECK_NEAR(gd_binomial_lower(1, 3, 0.9), 0.028, 1e-14);
    CHECK_NEAR(gd_binomial_lower(400000, 1000000, 0.4), 0.5, 1e-3);
    CHECK_NEAR(gd_binomial_lower(4, 4, 0.5), 1, 0);
    CHECK_NEAR(gd_binomial_lower(3, 4, 1), 0, 0);
    CHECK_NEAR(gd_binomial_lower(3, 4, 0), 1, 0);
}

/* Of Clopper's and Pearson's interval, as scipy's beta.ppf(chance, k, n - k + 1) has it. */
TEST(the_least_share_that_so_many_come_of)
{
    CHECK_NEAR(gd_binomial_share(0, 10, 1e-3), 0, 0);
    CHECK_NEAR(gd_binomial_share(10, 10, 1e-3), pow(1e-3, 0.1), 1e-14);
    CHECK_NEAR(gd_binomial_share(1, 10, 0.05), 1 - pow(0.95, 0.1), 1e-14);
    for (int64_t n = 10; n <= 1000000; n *= 10) {
        const double share = gd_binomial_share(n * 9 / 10, n, 1e-3);
        CHECK_NEAR(gd_binomial_lower(n - n * 9 / 10, n, 1 - share), 1e-3, 1e-9);
        CHECK(share < 0.9 && share > 0.9 - 4 / sqrt((double)n));
    }
}

/* ---- answers that are a class alone ---- */

/* `alone` of 500 pictures have no confidence; of `none` there is no answer. */
static void alone_of(int alone, int none, int violations)
{
    table *t = calloc(1, sizeof *t);
    gd_error error = {0};
    const gd_sighting class_alone = {.time_ms = INT64_MIN, .bytes = -1, .label = -1, .class_alone = 1};
    const monitored_harm harm = {0};
    monitored_baseline(1, 1000, 100, &t->baseline);
    t->baseline.rules.compare = false;
    monitored_window(&t->baseline, 2, 500 - alone - none, &harm, &t->window);
    for (int i = 0; i < alone; i++)
        CHECK_OK(gd_window_add(&t->window, &t->baseline, &class_alone, &error), &error);
    t->window.profile.items += none;
    judge(t);
    CHECK_EQ_INT(t->verdict.n_violations, violations);
    CHECK_EQ_INT(gd_column_present(gd_profile_column(&t->window.profile, "prediction")), 500 - none);
    end(t);
}

TEST(classes_alone_have_no_confidence_to_miss)
{
    alone_of(500, 0, 0);
    alone_of(250, 0, 0);
    alone_of(250, 1, 0);
    alone_of(250, 100, 4); /* prediction, confidence, uncertainty, margin */
}

/* ---- domains ---- */

/* The baseline's classes, and of 500 pictures some that have another. */
static void domain_of(int strangers, double threshold, const char *words)
{
    table *t = calloc(1, sizeof *t);
    gd_error error = {0};
    const monitored_harm none = {0};
    monitored_baseline(1, 1000, 100, &t->baseline);
    monitored_window(&t->baseline, 2, 500, &none, &t->window);
    gd_column *prediction = (gd_column *)gd_profile_column(&t->window.profile, "prediction");
    CHECK_OK(gd_categories_add(prediction->names, "zebra", 5, (uint64_t)strangers, &error), &error);
    t->window.profile.items += strangers;
    t->baseline.rules.domain_threshold = threshold;
    t->baseline.rules.compare = false;
    for (int i = 0; i < t->baseline.rules.n; i++)
        t->baseline.rules.column[i].completeness = 0; /* they have no confidence */
    CHECK_OK(gd_verdict_make(&t->baseline, &t->window, &t->arena, &t->verdict, &error), &error);
    CHECK_EQ_INT(t->verdict.n_violations, words ? 1 : 0);
    if (words)
        CHECK_TEXT(monitored_violation(&t->verdict, "prediction", GD_CATEGORICAL_VALUES), words);
    end(t);
}

TEST(names_stay_within_their_domain)
{
    domain_of(0, 1, NULL);
    domain_of(2, 0.5, NULL);
    domain_of(
        2, 1,
        "2 of 502 values of 'prediction' are none of the 3 that are allowed, such as 'zebra': 99.6% are, where at "
        "least 100% have to be.");
    domain_of(1, 1,
              "1 of 501 values of 'prediction' is none of the 3 that are allowed, such as 'zebra': 99.8% are, where at "
              "least 100% have to be.");
}

/* ---- words ---- */

TEST(shares_have_the_places_that_matter)
{
    gd_arena arena = {0};
    CHECK_TEXT(gd_words_share(&arena, 1), "100%");
    CHECK_TEXT(gd_words_share(&arena, 0), "0%");
    CHECK_TEXT(gd_words_share(&arena, 0.5), "50%");
    CHECK_TEXT(gd_words_share(&arena, 0.999), "99.9%");
    CHECK_TEXT(gd_words_share(&arena, 0.9999995), "99.99995%");
    CHECK_TEXT(gd_words_share(&arena, 0.031), "3.1%");
    CHECK_TEXT(gd_words_number(&arena, 12345.6), "12346");
    CHECK_TEXT(gd_words_number(&arena, 0.31234), "0.312");
    gd_arena_release(&arena);
}
