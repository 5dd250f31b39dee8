// SPDX-License-Identifier: Apache-2.0
#include "cli/command.h"

#include "unit.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static gd_status count_words(gd_command *command, gd_error *error)
{
    (void)error;
    command->exit_code = command->n_words;
    return GD_OK;
}

static gd_status fail(gd_command *command, gd_error *error)
{
    return gd_fail_at(error, GD_FORMAT, (gd_place){command->word[0], 3, 4}, "it is bent");
}

static const gd_option options[] = {
    GD_OPTION_SET, GD_OPTION_JSON, {"-o", NULL, "FILE", "where it goes"}, {"--top", "-k", "K", "how many"}, {0}};
static const gd_verb verbs[] = {
    {"count", "A [B]", 1, 2, "count words", "griddle count a\n", options, count_words},
    {"fail", "FILE", 1, -1, "fail", "griddle fail a\n", NULL, fail},
    {0},
};

#define PARSE(verb, command, error, ...)                                                                               \
    gd_command_parse(verb, (int)(sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *)),                              \
                     (char **)(const char *[]){__VA_ARGS__}, command, error)

TEST(words_and_options_come_in_any_order)
{
    gd_command command;
    gd_error error = {0};
    const char *const *values;
    int n, top;
    CHECK_OK(PARSE(verbs, &command, &error, "--set", "a=1", "x", "--top=3", "-o", "f", "--set=b=2", "--", "--json"),
             &error);
    CHECK_EQ_INT(command.n_words, 2);
    CHECK_TEXT(command.word[0], "x");
    CHECK_TEXT(command.word[1], "--json");
    CHECK_TEXT(command.word[2], NULL);
    CHECK(!gd_command_has(&command, "--json"));
    CHECK_TEXT(gd_command_option(&command, "-o"), "f");
    CHECK_OK(gd_command_values(&command, "--set", &values, &n, &error), &error);
    CHECK_EQ_INT(n, 2);
    CHECK_TEXT(values[0], "a=1");
    CHECK_TEXT(values[1], "b=2");
    CHECK_OK(gd_command_int(&command, "--top", 1, 9, 5, &top, &error), &error);
    CHECK_EQ_INT(top, 3);
    gd_command_release(&command);
}

TEST(the_last_of_repeated_options_wins_and_an_alias_is_the_option)
{
    gd_command command;
    gd_error error = {0};
    int top;
    CHECK_OK(PARSE(verbs, &command, &error, "--top", "3", "-", "-k", "7"), &error);
    CHECK_TEXT(command.word[0], "-");
    CHECK_OK(gd_command_int(&command, "--top", 1, 9, 5, &top, &error), &error);
    CHECK_EQ_INT(top, 7);
    CHECK_OK(gd_command_int(&command, "-o", 1, 9, 5, &top, &error), &error);
    CHECK_EQ_INT(top, 5);
    gd_command_release(&command);
}

static void refuses(const char *first, const char *second, const char *third, const char *message)
{
    gd_command command;
    gd_error error = {0};
    const char *words[] = {first, second, third};
    CHECK_FAILS(gd_command_parse(verbs,
                                 third    ? 3
                                 : second ? 2
                                          : 1,
                                 (char **)words, &command, &error),
                GD_INVALID, &error, message);
    gd_command_release(&command);
}

TEST(wrong_command_lines_are_explained)
{
    refuses("x", "--jsno", NULL, "unknown option '--jsno'; did you mean '--json'?");
    refuses("x", "--elephant", NULL, "unknown option '--elephant'; see griddle --help");
    refuses("x", "--json=1", NULL, "option '--json' takes no value");
    refuses("x", "--top", NULL, "option '--top' needs a value: --top K");
    refuses("--json", NULL, NULL, "expected griddle count A [B]; see griddle count --help");
    refuses("x", "y", "z", "unexpected 'z': expected griddle count A [B]");
}

TEST(numbers_are_whole_and_in_range)
{
    const char *wrong[] = {"", "x", "3x", "0", "10", "1.5", "99999999999999999999"};
    for (int i = 0; i < 7; i++) {
        gd_command command;
        gd_error error = {0};
        int top;
        CHECK_OK(PARSE(verbs, &command, &error, "x", "--top", wrong[i]), &error);
        CHECK_FAILS(gd_command_int(&command, "--top", 1, 9, 5, &top, &error), GD_INVALID, &error,
                    "where a whole number from 1 to 9 is needed");
        gd_command_release(&command);
    }
}

/* Runs a whole command line with one stream caught. */
static int run(FILE *stream, const char *verb, const char *word, char *text, size_t text_bytes)
{
    const char *argv[] = {"griddle", verb, word};
    const char *path = unit_path("stream");
    fflush(stream);
    int kept = dup(fileno(stream)), file = -1;
    if (freopen(path, "w+", stream))
        file = fileno(stream);
    int code = gd_command_main(verbs, word ? 3 : verb ? 2 : 1, (char **)argv);
    fflush(stream);
    ssize_t n = pread(file, text, text_bytes - 1, 0);
    text[n > 0 ? n : 0] = '\0';
    dup2(kept, fileno(stream));
    close(kept);
    return code;
}

TEST(exit_codes_and_complaints)
{
    char text[2000];
    CHECK_EQ_INT(run(stderr, "count", "x", text, sizeof text), 1); /* what the verb set */
    CHECK_TEXT(text, "");
    CHECK_EQ_INT(run(stderr, "fail", "a.yaml", text, sizeof text), 1);
    CHECK_TEXT(text, "griddle: a.yaml:3:4: it is bent\n");
    CHECK_EQ_INT(run(stderr, "count", NULL, text, sizeof text), 2);
    CHECK_TEXT(text, "griddle: count: expected griddle count A [B]; see griddle count --help\n");
    CHECK_EQ_INT(run(stderr, "coutn", "x", text, sizeof text), 2);
    CHECK_TEXT(text, "griddle: unknown verb 'coutn'; did you mean 'count'?\n");
}

TEST(help_shows_examples_first)
{
    char text[2000];
    CHECK_EQ_INT(run(stdout, "count", "--help", text, sizeof text), 0);
    CHECK(strncmp(text, "griddle count a\n", 16) == 0);
    CHECK_CONTAINS(text, "usage: griddle count A [B] [options]\n");
    CHECK_CONTAINS(text, "  --top, -k K          how many\n");
    CHECK_CONTAINS(text, "  -o FILE              where it goes\n");
    CHECK_CONTAINS(text, "--help, -h");
    CHECK_EQ_INT(run(stdout, "fail", "-h", text, sizeof text), 0);
    CHECK_CONTAINS(text, "--help, -h");
}
