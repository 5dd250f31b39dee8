// SPDX-License-Identifier: Apache-2.0
#include "plan/tune_table.h"
#include "unit.h"

#include <stdio.h>
#include <string.h>

#define HEAD "griddle tuned entries 1\na card\n"

static gd_status parse(const char *text, gd_tune_table *table, gd_error *error)
{
    return gd_tune_table_parse(table, "a card", text, strlen(text), error);
}

TEST(a_table_is_printed_as_it_was_read)
{
    gd_error error = {0};
    gd_tune_table table = {0};
    gd_text out = {0};
    const char text[] = HEAD "mma 41200 simt 130500 | conv2d fwd BF16 x=1x2\nsimt 7 | pool2d\n";
    CHECK_OK(parse(text, &table, &error), &error);
    gd_tune_table_print(&table, "a card", &out);
    CHECK_TEXT(out.at, text);
    CHECK_EQ_INT(gd_tune_table_find(&table, "pool2d")->entry[0].nanoseconds, 7);
    CHECK(gd_tune_table_find(&table, "pool2") == NULL);
    gd_text_release(&out);
    gd_tune_table_release(&table);
}

TEST(what_is_malformed_is_named_and_nothing_of_it_taken)
{
    static const struct {
        const char *text, *why;
    } bad[] = {
        {"", "does not begin with"},
        {"griddle tuned entries 2\na card\n", "does not begin with"},
        {"griddle tuned entries 1\na card", "not measured on 'a card'"},
        {"griddle tuned entries 1\nanother\n", "not measured on 'a card'"},
        {HEAD "mma 1 | a\nmma 1 | b", "line 4 is cut short"},
        {HEAD "mma 1 | a\n\n", "line 4 is malformed"},
        {HEAD "mma x | a\n", "line 3 is malformed"},
        {HEAD "mma -1 | a\n", "line 3 is malformed"},
        {HEAD "mma 1000000000001 | a\n", "line 3 is malformed"},
        {HEAD "mma 99999999999999999999999 | a\n", "line 3 is malformed"},
        {HEAD "Mma 1 | a\n", "line 3 is malformed"},
        {HEAD "abcdefghijklmnop 1 | a\n", "line 3 is malformed"},
        {HEAD "a 1 b 1 c 1 d 1 e 1 f 1 g 1 h 1 i 1 | a\n", "line 3 is malformed"},
        {HEAD "mma 1 a\n", "line 3 is malformed"},
        {HEAD "mma 1 |a\n", "line 3 is malformed"},
        {HEAD "mma 1 | \n", "line 3 is malformed"},
        {HEAD "| a\n", "line 3 is malformed"},
        {HEAD "mma 1 | a\tb\n", "line 3 is malformed"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        gd_error error = {0};
        gd_tune_table table = {0};
        CHECK_FAILS(parse(bad[i].text, &table, &error), GD_FORMAT, &error, bad[i].why);
        CHECK_EQ_INT(table.n, 0);
        gd_tune_table_release(&table);
    }
}

TEST(names_and_problems_at_their_bounds)
{
    gd_error error = {0};
    gd_tune_table table = {0};
    char problem[GD_TUNED_PROBLEM + 2];
    memset(problem, 'p', sizeof problem);
    problem[GD_TUNED_PROBLEM + 1] = '\0';
    gd_tuned tuned = {.problem = problem, .n = 1, .entry = {{"abcdefghijklmno", 1000000000000}}};
    CHECK_FAILS(gd_tune_table_put(&table, &tuned, &error), GD_INVALID, &error, "1001 characters");
    problem[GD_TUNED_PROBLEM] = '\0';
    error = (gd_error){0};
    CHECK_OK(gd_tune_table_put(&table, &tuned, &error), &error);
    gd_text out = {0};
    gd_tune_table again = {0};
    gd_tune_table_print(&table, "a card", &out);
    CHECK_OK(parse(out.at, &again, &error), &error);
    CHECK_TEXT(again.at[0].entry[0].name, "abcdefghijklmno");
    gd_text_release(&out);
    gd_tune_table_release(&again);
    gd_tune_table_release(&table);
}

TEST(a_full_table_forgets_the_oldest)
{
    gd_error error = {0};
    gd_tune_table table = {0};
    char problem[16];
    gd_tuned tuned = {.problem = problem, .n = 1, .entry = {{"mma", 1}}};
    for (int i = 0; i <= GD_TUNED_PROBLEMS; i++) {
        snprintf(problem, sizeof problem, "%d", i);
        CHECK_OK(gd_tune_table_put(&table, &tuned, &error), &error);
    }
    CHECK_EQ_INT(table.n, GD_TUNED_PROBLEMS);
    CHECK(!gd_tune_table_find(&table, "0") && gd_tune_table_find(&table, "1"));
    CHECK_TEXT(table.at[GD_TUNED_PROBLEMS - 1].problem, problem);
    tuned.entry[0].nanoseconds = 5; /* one that is there is replaced where it stands */
    snprintf(problem, sizeof problem, "1");
    CHECK_OK(gd_tune_table_put(&table, &tuned, &error), &error);
    CHECK_EQ_INT(table.n, GD_TUNED_PROBLEMS);
    CHECK_EQ_INT(table.at[0].entry[0].nanoseconds, 5);
    gd_tune_table_release(&table);
}

TEST(noise_does_not_choose_between_equals)
{
    gd_tuned tuned = {.n = 3, .entry = {{"a", 1040}, {"b", 1030}, {"c", 1000}}};
    CHECK_TEXT(gd_tuned_fastest(&tuned), "b");
    tuned.entry[0].nanoseconds = 1000;
    CHECK_TEXT(gd_tuned_fastest(&tuned), "a");
    tuned.entry[2].nanoseconds = 10;
    CHECK_TEXT(gd_tuned_fastest(&tuned), "c");
}
