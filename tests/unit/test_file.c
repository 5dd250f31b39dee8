// SPDX-License-Identifier: Apache-2.0
#include "base/file.h"
#include "unit.h"

#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

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

TEST(written_whole)
{
    gd_error error = {0};
    const char *path = unit_path("a"), *part = unit_path("a.part");
    CHECK_OK(gd_file_write(path, "hello", 5, &error), &error);
    CHECK_TEXT(content(path), "hello");
    CHECK(!gd_file_exists(part));

    gd_file_draft draft;
    CHECK_OK(gd_file_begin(&draft, path, &error), &error);
    fputs("new", draft.stream);
    fflush(draft.stream);
    CHECK_TEXT(content(path), "hello"); /* until the commit */
    CHECK(gd_file_exists(part));
    gd_file_abandon(&draft);
    gd_file_abandon(&draft);
    CHECK(!gd_file_exists(part));
    CHECK_TEXT(content(path), "hello");

    CHECK_OK(gd_file_begin(&draft, path, &error), &error);
    fputs("new", draft.stream);
    CHECK_OK(gd_file_commit(&draft, &error), &error);
    gd_file_abandon(&draft); /* after a commit: nothing */
    CHECK_TEXT(content(path), "new");
}

TEST(the_part_of_a_killed_writer_is_taken_over)
{
    gd_error error = {0};
    const char *path = unit_path("a");
    CHECK_OK(gd_file_write(unit_path("a.part"), "half of something long", 22, &error), &error);
    CHECK_OK(gd_file_write(path, "x", 1, &error), &error);
    CHECK_TEXT(content(path), "x");
}

TEST(one_writer_at_a_time)
{
    gd_error error = {0};
    gd_file_draft first, second;
    const char *path = unit_path("a");
    CHECK_OK(gd_file_begin(&first, path, &error), &error);
    fputs("first", first.stream);
    CHECK_FAILS(gd_file_begin(&second, path, &error), GD_IO, &error, "another process is writing it");
    gd_file_abandon(&second);
    CHECK_OK(gd_file_commit(&first, &error), &error);
    CHECK_TEXT(content(path), "first");
}

TEST(places_that_cannot_be_written)
{
    gd_error error = {0};
    CHECK_FAILS(gd_file_write(unit_path("no/such/a"), "x", 1, &error), GD_IO, &error, "No such file or directory");
    CHECK_EQ_INT(mkdir(unit_path("folder"), 0777), 0);
    CHECK_FAILS(gd_file_write(unit_path("folder"), "x", 1, &error), GD_IO, &error, "Is a directory");
    CHECK(!gd_file_exists(unit_path("folder.part")));
    char path[5000];
    memset(path, 'x', sizeof path - 1);
    path[sizeof path - 1] = '\0';
    CHECK_FAILS(gd_file_write(path, "x", 1, &error), GD_IO, &error, "the path has 4999 bytes");
}

/* As somebody who owns nothing, where the tests run as root: root may write everywhere. */
TEST(read_only_folders)
{
    gd_error errors[3] = {0};
    const char *folder = unit_path("folder");
    bool root = geteuid() == 0;
    CHECK_EQ_INT(mkdir(folder, 0755), 0);
    CHECK_EQ_INT(chmod(folder, root ? 0755 : 0555), 0);
    CHECK(!root || seteuid(65534) == 0);
    gd_status whole = gd_file_write(unit_text("%s/a", folder), "x", 1, &errors[0]);
    gd_status made = gd_folder_make(unit_text("%s/b", folder), &errors[1]);
    gd_status line = gd_file_append_line(unit_text("%s/c", folder), "x", &errors[2]);
    CHECK(!root || seteuid(0) == 0);
    CHECK_FAILS(whole, GD_IO, &errors[0], "Permission denied");
    CHECK_FAILS(made, GD_IO, &errors[1], "Permission denied");
    CHECK_FAILS(line, GD_IO, &errors[2], "Permission denied");
}

/* A limit on the size of files stands in for a full disk: writes fail in the same way, with another reason. */
TEST(a_full_disk_leaves_nothing)
{
    gd_error error = {0};
    struct rlimit before, small = {.rlim_cur = 8192};
    static char much[100000];
    const char *path = unit_path("a"), *lines = unit_path("lines");
    CHECK_OK(gd_file_write(path, "old", 3, &error), &error);
    CHECK_OK(gd_file_append_line(lines, "one", &error), &error);
    CHECK_EQ_INT(getrlimit(RLIMIT_FSIZE, &before), 0);
    small.rlim_max = before.rlim_max;
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &small);
    gd_status whole = gd_file_write(path, much, sizeof much, &error);
    gd_error whole_error = error, line_error = {0};
    memset(much, 'x', sizeof much - 1);
    gd_status line = gd_file_append_line(lines, much, &line_error);
    setrlimit(RLIMIT_FSIZE, &before);
    signal(SIGXFSZ, handler);
    CHECK_FAILS(whole, GD_IO, &whole_error, "cannot write '");
    CHECK(strstr(error.message, "File too large") != NULL);
    CHECK(!gd_file_exists(unit_path("a.part")));
    CHECK_TEXT(content(path), "old");
    CHECK_FAILS(line, GD_IO, &line_error, "cannot append to '");
    CHECK_TEXT(content(lines), "one\n");
}

TEST(lines_are_appended)
{
    gd_error error = {0};
    const char *path = unit_path("log");
    CHECK_OK(gd_file_append_line(path, "one", &error), &error);
    CHECK_OK(gd_file_append_line(path, "", &error), &error);
    CHECK_OK(gd_file_append_line(path, "two", &error), &error);
    CHECK_TEXT(content(path), "one\n\ntwo\n");
    CHECK_FAILS(gd_file_append_line(unit_folder(), "x", &error), GD_IO, &error, "Is a directory");
}

TEST(reading)
{
    gd_arena arena = {0};
    gd_error error = {0};
    char *text;
    size_t bytes;
    const char *path = unit_path("a");
    CHECK_OK(gd_file_write(path, "a\0b", 3, &error), &error);
    CHECK_OK(gd_file_read(path, 3, &arena, &text, &bytes, &error), &error);
    CHECK_EQ_INT(bytes, 3);
    CHECK(memcmp(text, "a\0b", 4) == 0);
    CHECK_FAILS(gd_file_read(path, 2, &arena, &text, &bytes, &error), GD_IO, &error, "more than 2 bytes");
    CHECK_FAILS(gd_file_read(unit_path("b"), 9, &arena, &text, &bytes, &error), GD_IO, &error, "No such file");
    CHECK_FAILS(gd_file_read(unit_folder(), 9, &arena, &text, &bytes, &error), GD_IO, &error, "Is a directory");
    CHECK_OK(gd_file_write(path, "", 0, &error), &error);
    CHECK_OK(gd_file_read(path, 0, &arena, &text, &bytes, &error), &error);
    CHECK_TEXT(text, "");
    gd_arena_release(&arena);
}

TEST(mapping)
{
    gd_error error = {0};
    void *map;
    size_t bytes;
    const char *path = unit_path("a");
    CHECK_OK(gd_file_write(path, "abc", 3, &error), &error);
    CHECK_OK(gd_file_map(path, &map, &bytes, &error), &error);
    CHECK_EQ_INT(bytes, 3);
    CHECK(memcmp(map, "abc", 3) == 0);
    gd_file_unmap(map, bytes);
    CHECK_OK(gd_file_write(path, "", 0, &error), &error);
    CHECK_OK(gd_file_map(path, &map, &bytes, &error), &error);
    CHECK(map == NULL && bytes == 0);
    gd_file_unmap(map, bytes);
    CHECK_FAILS(gd_file_map(unit_path("b"), &map, &bytes, &error), GD_IO, &error, "No such file");
    CHECK_FAILS(gd_file_map(unit_folder(), &map, &bytes, &error), GD_IO, &error, "Is a directory");
    CHECK_FAILS(gd_file_map("/dev/null", &map, &bytes, &error), GD_IO, &error, "not a regular file");
}

TEST(folders)
{
    gd_error error = {0};
    const char *deep = unit_path("x/y//z/");
    CHECK_OK(gd_folder_make(deep, &error), &error);
    CHECK_OK(gd_folder_make(deep, &error), &error);
    CHECK(gd_file_exists(deep));
    CHECK_OK(gd_folder_make("/", &error), &error);
    CHECK_OK(gd_file_write(unit_path("file"), "", 0, &error), &error);
    CHECK_FAILS(gd_folder_make(unit_path("file"), &error), GD_IO, &error, "Not a directory");
    CHECK_FAILS(gd_folder_make(unit_path("file/b"), &error), GD_IO, &error, "Not a directory");
    CHECK_FAILS(gd_folder_make("", &error), GD_IO, &error, "0 bytes");
}
