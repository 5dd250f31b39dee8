// SPDX-License-Identifier: Apache-2.0
#include "captured.h"
#include "serve/lines.h"

#include <errno.h>
#include <signal.h>
#include <sys/resource.h>

static int open_file(const char *path, int more)
{
    return open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | more, 0600);
}

/* No file of this process grows beyond `bytes`; a write that would is cut short, like at a full disk. */
static void limit_files(rlim_t bytes)
{
    struct rlimit limit;
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &limit);
    limit.rlim_cur = bytes;
    setrlimit(RLIMIT_FSIZE, &limit);
}

TEST(appends_all)
{
    const int file = open_file(unit_path("f"), 0);
    gd_lines_result done = gd_lines_append(file, "one\ntwo\n", 8);
    CHECK(done.bytes == 8 && done.reason == 0 && !done.torn);
    done = gd_lines_append(file, "", 0);
    CHECK(done.bytes == 0 && done.reason == 0 && !done.torn);
    done = gd_lines_append(file, "three\n", 6);
    CHECK(done.bytes == 6);
    CHECK_TEXT(captured_file(unit_path("f")), "one\ntwo\nthree\n");
    close(file);
}

TEST(takes_back_the_half_of_a_line)
{
    const int file = open_file(unit_path("f"), 0);
    CHECK_EQ_INT(gd_lines_append(file, "one\n", 4).bytes, 4);
    limit_files(11);
    gd_lines_result done = gd_lines_append(file, "two\nthree\nfour\n", 15);
    CHECK(done.bytes == 4 && done.reason == EFBIG && !done.torn);
    done = gd_lines_append(file, "a much longer line\n", 19);
    CHECK(done.bytes == 0 && done.reason == EFBIG && !done.torn);
    limit_files(RLIM_INFINITY);
    CHECK_TEXT(captured_file(unit_path("f")), "one\ntwo\n");
    CHECK_EQ_INT(gd_lines_append(file, "three\n", 6).bytes, 6);
    CHECK_TEXT(captured_file(unit_path("f")), "one\ntwo\nthree\n");
    close(file);
}

TEST(leaves_what_somebody_else_wrote_behind_a_half_line)
{
    const int file = open_file(unit_path("f"), 0);
    CHECK(write(file, "one\nanother's\n", 14) == 14);
    CHECK(fcntl(file, F_SETFL, 0) == 0 && lseek(file, 4, SEEK_SET) == 4); /* in front of that */
    limit_files(8);
    const gd_lines_result done = gd_lines_append(file, "two and three\n", 14);
    limit_files(RLIM_INFINITY);
    CHECK(done.bytes == 4 && done.reason == EFBIG && done.torn);
    CHECK_TEXT(captured_file(unit_path("f")), "one\ntwo her's\n");
    close(file);
}

TEST(a_full_disk_takes_nothing)
{
    const int file = open("/dev/full", O_WRONLY | O_CLOEXEC);
    if (file < 0)
        SKIP("there is no /dev/full");
    const gd_lines_result done = gd_lines_append(file, "one\n", 4);
    CHECK(done.bytes == 0 && done.reason == ENOSPC && !done.torn);
    close(file);
}

TEST(says_when_a_half_line_stays)
{
    static char line[1 << 20];
    int ends[2];
    memset(line, 'x', sizeof line);
    CHECK(pipe2(ends, O_NONBLOCK | O_CLOEXEC) == 0); /* what is in a pipe cannot be taken back */
    const gd_lines_result done = gd_lines_append(ends[1], line, sizeof line);
    CHECK(done.bytes > 0 && done.bytes < sizeof line && done.reason == EAGAIN && done.torn);
    close(ends[0]);
    close(ends[1]);
}

TEST(mends)
{
    static char longer[40000], ended[40001];
    memset(longer, 'x', sizeof longer - 1);
    snprintf(ended, sizeof ended, "%s\n", longer);
    const struct {
        const char *before, *after;
    } cases[] = {{"", ""},
                 {"one\n", "one\n"},
                 {"one\ntw", "one\n"},
                 {"on", ""},
                 {gd_arena_printf(&captured.arena, "one\n%s", longer), "one\n"},
                 {longer, ""},
                 {gd_arena_printf(&captured.arena, "%stw", ended), ended}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const int file = open_file(unit_path("f"), O_TRUNC);
        const size_t before = strlen(cases[i].before), after = strlen(cases[i].after);
        CHECK(write(file, cases[i].before, before) == (ssize_t)before);
        CHECK_EQ_INT(gd_lines_mend(file), before - after);
        CHECK_TEXT(captured_file(unit_path("f")), cases[i].after);
        close(file);
    }
    CHECK_EQ_INT(gd_lines_mend(-1), -1);
}
