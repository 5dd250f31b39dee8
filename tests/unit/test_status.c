// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include <string.h>

TEST(the_first_error_wins)
{
    gd_error error = {0};
    CHECK_EQ_INT(gd_fail(&error, GD_IO, "cannot read '%s'", "a"), GD_IO);
    CHECK_EQ_INT(gd_fail(&error, GD_NOMEM, "while cleaning up"), GD_NOMEM);
    CHECK_EQ_INT(error.status, GD_IO);
    CHECK_TEXT(error.message, "cannot read 'a'");
}

TEST(an_error_is_optional) { CHECK_EQ_INT(gd_fail(NULL, GD_FORMAT, "nobody listens"), GD_FORMAT); }

TEST(a_place_stands_before_the_message)
{
    char text[256];
    gd_error error = {0};
    gd_fail_at(&error, GD_INVALID, (gd_place){"configs/a.yaml", 14, 11}, "kernel %d is too large", 9);
    CHECK_TEXT(gd_error_text(&error, text, sizeof text), "configs/a.yaml:14:11: kernel 9 is too large");
}

TEST(a_file_without_a_line_is_a_place_too)
{
    char text[256];
    gd_error error = {0};
    gd_fail_at(&error, GD_IO, (gd_place){"a.png", 0, 0}, "cut short");
    CHECK_TEXT(gd_error_text(&error, text, sizeof text), "a.png: cut short");
}

TEST(an_error_says_nothing_that_a_terminal_obeys)
{
    char text[256];
    gd_error error = {0};
    gd_fail(&error, GD_FORMAT, "'\x1b[31m\n\xc2\x9b\xc2\xa0\x7f\xc3\xa4' is no label");
    CHECK_TEXT(gd_error_text(&error, text, sizeof text), "'?[31m???\xc2\xa0?\xc3\xa4' is no label");
}

TEST(a_prefix_adds_context_and_a_missing_place)
{
    char text[256];
    gd_error error = {0};
    gd_fail(&error, GD_INVALID, "kernel 9 is larger than padded input 7");
    CHECK_EQ_INT(gd_error_prefix(&error, (gd_place){"a.yaml", 2, 3}, "conv '%s'", "stem"), GD_INVALID);
    gd_error_prefix(&error, (gd_place){"b.yaml", 7, 1}, "model");
    CHECK_TEXT(gd_error_text(&error, text, sizeof text),
               "a.yaml:2:3: model: conv 'stem': kernel 9 is larger than padded input 7");
}

TEST(a_message_too_long_is_cut_and_ends)
{
    char word[2000];
    memset(word, 'x', sizeof word - 1);
    word[sizeof word - 1] = 0;
    gd_error error = {0};
    gd_fail(&error, GD_INVALID, "%s", word);
    CHECK_EQ_INT(strlen(error.message), sizeof error.message - 1);
    gd_error_prefix(&error, (gd_place){0}, "context");
    CHECK_EQ_INT(strlen(error.message), sizeof error.message - 1);
    CHECK_CONTAINS(error.message, "context: xxx");
}

TEST(without_a_message_the_status_speaks)
{
    char text[64];
    gd_error error = {.status = GD_NOMEM};
    CHECK_TEXT(gd_error_text(&error, text, sizeof text), "out of memory");
}

TEST(exit_codes_tell_wrong_words_from_faults)
{
    CHECK_EQ_INT(gd_status_exit_code(GD_OK), 0);
    CHECK_EQ_INT(gd_status_exit_code(GD_INVALID), 2);
    for (int status = GD_UNSUPPORTED; status <= GD_INTERNAL; status++)
        CHECK_EQ_INT(gd_status_exit_code((gd_status)status), 1);
    CHECK_EQ_INT(gd_status_exit_code((gd_status)99), 1);
    CHECK_TEXT(gd_status_text((gd_status)99), "unknown status");
}
