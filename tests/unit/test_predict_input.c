// SPDX-License-Identifier: Apache-2.0
#include "base/file.h"
#include "cli/predict_input.h"
#include "unit.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static volatile sig_atomic_t no_stop;

static void write_file(const char *path, const char *text)
{
    gd_error error = {0};
    CHECK_OK(gd_file_write(path, text, strlen(text), &error), &error);
}

/* All items: "number:path " or "number:error ". */
static const char *items_of(const char *name)
{
    gd_input *input;
    gd_input_item item = {0};
    gd_error error = {0};
    gd_text got = {0};
    bool more;
    CHECK_OK(gd_input_open(name, &no_stop, &input, &error), &error);
    for (;;) {
        gd_arena arena = {0};
        gd_text begin = {0};
        gd_asked asked;
        gd_error broken = {0};
        CHECK_OK(gd_input_take(input, &item, &more, &error), &error);
        if (!more)
            break;
        gd_status status = gd_input_read(input, &item, &arena, &asked, &begin, &broken);
        gd_text_add(&got, "%" PRId64 ":%s ", item.number, status == GD_OK ? asked.path : broken.message);
        gd_text_release(&begin);
        gd_arena_release(&arena);
    }
    const char *kept = unit_text("%s", got.at ? got.at : "");
    gd_text_release(&got);
    gd_text_release(&item.line);
    gd_input_close(input);
    return kept;
}

TEST(a_folders_pictures_by_path)
{
    const char *root = unit_path("in");
    static const char *const files[] = {"b.PNG", "a/z.jpg", "a.jpeg", "a/notes.txt", ".hidden.png", "png"};
    CHECK_EQ_INT(mkdir(root, 0777), 0);
    CHECK_EQ_INT(mkdir(unit_path("in/a"), 0777), 0);
    for (int i = 0; i < 6; i++)
        write_file(unit_path("in/%s", files[i]), "x");
    CHECK_EQ_INT(symlink(".", unit_path("in/a/self")), 0);
    CHECK_EQ_INT(symlink("loop", unit_path("in/loop")), 0);
    CHECK_TEXT(items_of(root), unit_text("1:%s/a.jpeg 2:%s/a/z.jpg 3:%s/b.PNG ", root, root, root));
    CHECK_TEXT(items_of(unit_path("in/a/")), unit_text("1:%s/a/z.jpg ", root));
}

TEST(a_folder_without_pictures)
{
    gd_input *input;
    gd_error error = {0};
    write_file(unit_path("notes.txt"), "x");
    CHECK_FAILS(gd_input_open(unit_folder(), &no_stop, &input, &error), GD_INVALID, &error, "none of 1 files ends in");
    CHECK_FAILS(gd_input_open(unit_path("none"), &no_stop, &input, &error), GD_IO, &error, "cannot open");
    CHECK(input == NULL);
}

TEST(lines_with_their_numbers)
{
    const char *file = unit_path("in.jsonl");
    write_file(file, "\"a\"\n\n \t\r\n{\"path\":\"b\"}\r\n]\n\"/c\"");
    CHECK_TEXT(items_of(file),
               unit_text("1:%s/a 4:%s/b 5:column 1: not a JSON value 6:/c ", unit_folder(), unit_folder()));
    write_file(file, "");
    CHECK_TEXT(items_of(file), "");
    write_file(file, "\n\n");
    CHECK_TEXT(items_of(file), "");
}

/* Lines across the pieces that a file is read in, and one that is longer than may be. */
TEST(long_lines)
{
    const char *file = unit_path("in.jsonl");
    const size_t most = GD_INPUT_LINE;
    char *spaces = malloc(most);
    CHECK(spaces != NULL);
    memset(spaces, ' ', most);
    gd_text text = {0};
    for (int length = 65530; length < 65542; length++)
        gd_text_add(&text, "%.*s\"/a\"\n", length, spaces);
    gd_text_add_n(&text, spaces, most - 4);
    gd_text_add(&text, "\"/b\"\n \"/c\"");
    gd_text_add_n(&text, spaces, most - 4);
    gd_text_add(&text, "\n\"/d\"\n");
    gd_error error = {0};
    CHECK_OK(gd_file_write(file, text.at, text.length, &error), &error);
    gd_text_release(&text);
    free(spaces);
    CHECK_TEXT(items_of(file), "1:/a 2:/a 3:/a 4:/a 5:/a 6:/a 7:/a 8:/a 9:/a 10:/a 11:/a 12:/a 13:/b "
                               "14:the line has more than 33554432 bytes 15:/d ");
}

TEST(a_stop_is_the_end)
{
    static volatile sig_atomic_t stop;
    const char *file = unit_path("in.jsonl");
    gd_input *input;
    gd_input_item item = {0};
    gd_error error = {0};
    bool more;
    int ends[2]; /* of a pipe on which nobody writes */
    write_file(file, "\"a\"\n\"b\"\n");
    CHECK_OK(gd_input_open(file, &stop, &input, &error), &error);
    CHECK_OK(gd_input_take(input, &item, &more, &error), &error);
    CHECK(more);
    stop = SIGTERM;
    CHECK_OK(gd_input_take(input, &item, &more, &error), &error);
    CHECK(!more);
    gd_input_close(input);
    CHECK_EQ_INT(pipe(ends), 0);
    CHECK_OK(gd_input_open(unit_text("/proc/self/fd/%d", ends[0]), &stop, &input, &error), &error);
    CHECK_OK(gd_input_take(input, &item, &more, &error), &error);
    CHECK(!more);
    CHECK(gd_input_part(input) < 0);
    gd_input_close(input);
    gd_text_release(&item.line);
    close(ends[0]);
    close(ends[1]);
}

TEST(tells_its_own_file)
{
    const char *file = unit_path("in.jsonl"), *other = unit_path("other.jsonl");
    gd_input *input;
    gd_error error = {0};
    write_file(file, "\"a\"\n");
    write_file(other, "\"a\"\n");
    CHECK_EQ_INT(symlink("in.jsonl", unit_path("link")), 0);
    CHECK_OK(gd_input_open(file, &no_stop, &input, &error), &error);
    CHECK(gd_input_is(input, file));
    CHECK(gd_input_is(input, unit_path("link")));
    CHECK(!gd_input_is(input, other));
    CHECK(!gd_input_is(input, unit_path("none")));
    CHECK_EQ_INT(gd_input_count(input), -1);
    gd_input_close(input);
}
