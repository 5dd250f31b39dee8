// SPDX-License-Identifier: Apache-2.0
#include "base/file.h"
#include "cli/predict_output.h"
#include "unit.h"

#include <string.h>
#include <sys/stat.h>

static void write_file(const char *path, const char *text)
{
    gd_error error = {0};
    CHECK_OK(gd_file_write(path, text, strlen(text), &error), &error);
}

static const char *content(const char *path)
{
    gd_arena arena = {0};
    gd_error error = {0};
    char *text;
    size_t bytes;
    CHECK_OK(gd_file_read(path, 1 << 20, &arena, &text, &bytes, &error), &error);
    const char *kept = unit_text("%s", text);
    gd_arena_release(&arena);
    return kept;
}

/* Keeps `keep` lines of what is there, then adds "new". */
static void go_on(const char *path, int keep)
{
    gd_output output;
    gd_error error = {0};
    gd_text line = {0};
    CHECK_OK(gd_output_open(path, &output, &error), &error);
    for (int i = 0; i < keep; i++)
        gd_output_keep(&output);
    CHECK_OK(gd_output_begin(&output, &error), &error);
    CHECK_EQ_INT(output.lines, keep);
    gd_text_add(&line, "new\n");
    CHECK_OK(gd_output_add(&output, &line, &error), &error);
    CHECK_EQ_INT(output.lines, keep + 1);
    CHECK_OK(gd_output_sync(&output, &error), &error);
    gd_output_close(&output);
    gd_text_release(&line);
}

TEST(goes_on_behind_what_was_kept)
{
    const char *path = unit_path("out");
    go_on(path, 0);
    CHECK_TEXT(content(path), "new\n");
    write_file(path, "one\ntwo\nthr");
    go_on(path, 2);
    CHECK_TEXT(content(path), "one\ntwo\nnew\n");
    go_on(path, 1);
    CHECK_TEXT(content(path), "one\nnew\n");
}

TEST(shows_what_is_there_and_leaves_it)
{
    const char *path = unit_path("out"), *line;
    gd_output output;
    gd_error error = {0};
    size_t length;
    bool whole;
    write_file(path, "one\n\nth");
    CHECK_OK(gd_output_open(path, &output, &error), &error);
    for (int i = 0; i < 3; i++) {
        static const char *const want[] = {"one", "", "th"};
        CHECK(gd_output_earlier(&output, &line, &length, &whole));
        CHECK_TEXT(unit_text("%.*s", (int)length, line), want[i]);
        CHECK(whole == (i < 2));
        gd_output_keep(&output);
    }
    CHECK(gd_output_earlier(&output, &line, &length, &whole)); /* what was cut off cannot be kept */
    CHECK_EQ_INT(output.lines, 2);
    gd_output_close(&output);
    CHECK_TEXT(content(path), "one\n\nth");
}

TEST(files_that_cannot_be_written)
{
    gd_output output, second;
    gd_error error = {0};
    CHECK_FAILS(gd_output_open(unit_folder(), &output, &error), GD_IO, &error, "Is a directory");
    gd_output_close(&output);
    CHECK_FAILS(gd_output_open("/dev/null", &output, &error), GD_IO, &error, "not a regular file");
    gd_output_close(&output);
    CHECK_FAILS(gd_output_open(unit_path("none/out"), &output, &error), GD_IO, &error, "No such file or directory");
    gd_output_close(&output);
    CHECK_OK(gd_output_open(unit_path("out"), &output, &error), &error);
    CHECK_FAILS(gd_output_open(unit_path("out"), &second, &error), GD_IO, &error, "another process is writing it");
    gd_output_close(&second);
    gd_output_close(&output);
}
