// SPDX-License-Identifier: Apache-2.0
#include "captured.h"
#include "serve/access.h"

#include "base/clock.h"

#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>

static const gd_access usual = {
    .id = "5d1f",
    .client = "127.0.0.1",
    .method = "POST",
    .path = "/invocations",
    .variant = "AllTraffic",
    .code = 200,
    .time_ms = 1795741323456,
    .received = 2801,
    .sent = 25,
    .times = {.receive = 12999, .queue = 8000, .decode = 60000, .compute = 310000, .total = 420000}};

static gd_access_log *open_log(const char *path)
{
    gd_access_log *log;
    gd_error error = {0};
    CHECK_OK(gd_access_log_open(path, &log, &error), &error);
    return log;
}

TEST(a_request_is_a_line)
{
    gd_access_log *log = open_log(unit_path("log"));
    gd_access_log_put(log, &usual);
    gd_access_log_put(log, &(gd_access){.code = 404});
    gd_access_log_close(log);
    CHECK_TEXT(
        captured_file(unit_path("log")),
        "{\"time\":\"2026-11-27T01:02:03.456Z\",\"id\":\"5d1f\",\"client\":\"127.0.0.1\",\"method\":\"POST\","
        "\"path\":\"/invocations\",\"code\":200,\"variant\":\"AllTraffic\",\"received\":2801,\"sent\":25,"
        "\"receive_us\":12,\"queue_us\":8,\"decode_us\":60,\"compute_us\":310,\"total_us\":420}\n"
        "{\"time\":\"1970-01-01T00:00:00.000Z\",\"id\":\"\",\"client\":\"\",\"method\":\"\",\"path\":\"\","
        "\"code\":404,\"variant\":\"\",\"received\":0,\"sent\":0,\"receive_us\":0,\"queue_us\":0,\"decode_us\":0,"
        "\"compute_us\":0,\"total_us\":0}\n");
}

TEST(a_strangers_words_are_escaped_and_cut)
{
    char word[10000];
    gd_access access = usual;
    memset(word, '\xff', sizeof word); /* what takes most: six characters each */
    word[sizeof word - 1] = '\0';
    access.path = "/\"\n\\\x1b[31m\xff";
    gd_access_log *log = open_log(unit_path("log"));
    gd_access_log_put(log, &access);
    access = (gd_access){.id = word,
                         .client = word,
                         .method = word,
                         .path = word,
                         .variant = word,
                         .code = INT_MIN,
                         .time_ms = INT64_MAX,
                         .received = UINT64_MAX,
                         .sent = UINT64_MAX,
                         .times = {UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX}};
    gd_access_log_put(log, &access);
    gd_access_log_close(log);
    const char *text = captured_file(unit_path("log")), *second = strchr(text, '\n') + 1;
    CHECK_CONTAINS(text, "\"path\":\"/\\\"\\u000a\\\\\\u001b[31m\\ufffd\"");
    CHECK_EQ_INT(captured_count(text, "\n"), 2);
    CHECK_EQ_INT(captured_count(second, "\\ufffd"), 64 + 64 + 32 + 384 + 64);
    CHECK(strlen(second) <= PIPE_BUF);
}

TEST(lines_are_appended_and_a_file_that_was_moved_is_opened_anew)
{
    gd_error error = {0};
    gd_access_log *log = open_log(unit_path("log"));
    gd_access_log_put(log, &usual);
    gd_access_log_close(log);
    log = open_log(unit_path("log"));
    gd_access_log_put(log, &usual);
    const double start = gd_seconds();
    while (captured_count(captured_file(unit_path("log")), "\n") < 2 && gd_seconds() - start < 10.0)
        usleep(10000);
    CHECK(gd_seconds() - start < 3.0);
    rename(unit_path("log"), unit_path("log.1"));
    CHECK_OK(gd_access_log_reopen(log, &error), &error);
    CHECK_OK(gd_access_log_reopen(log, &error), &error);
    usleep(100000); /* the writer takes it over */
    gd_access_log_put(log, &usual);
    gd_access_log_close(log);
    CHECK_EQ_INT(captured_count(captured_file(unit_path("log.1")), "\n"), 2);
    CHECK_EQ_INT(captured_count(captured_file(unit_path("log")), "\n"), 1);
}

TEST(reopening_in_vain_changes_nothing)
{
    gd_error error = {0};
    CHECK(mkdir(unit_path("d"), 0700) == 0);
    gd_access_log *log = open_log(unit_path("d/log"));
    rename(unit_path("d"), unit_path("e"));
    CHECK_FAILS(gd_access_log_reopen(log, &error), GD_IO, &error, "access log");
    gd_access_log_put(log, &usual);
    gd_access_log_close(log);
    CHECK_EQ_INT(captured_count(captured_file(unit_path("e/log")), "\n"), 1);
}

/* Standard output goes into a pipe from here on; returns what it was. */
static int pipe_output(int ends[2])
{
    fflush(stdout);
    const int before = dup(STDOUT_FILENO);
    CHECK(pipe2(ends, O_CLOEXEC) == 0);
    dup2(ends[1], STDOUT_FILENO);
    close(ends[1]);
    return before;
}

static void restore_output(int before)
{
    dup2(before, STDOUT_FILENO);
    close(before);
}

TEST(standard_output_gets_whole_lines)
{
    int ends[2];
    char said[20000];
    gd_error error = {0};
    const int before = pipe_output(ends);
    gd_access_log *log = open_log("-");
    for (int i = 0; i < 50; i++)
        gd_access_log_put(log, &usual);
    const gd_status reopened = gd_access_log_reopen(log, &error);
    gd_access_log_close(log);
    restore_output(before);
    const ssize_t n = read(ends[0], said, sizeof said - 1);
    close(ends[0]);
    CHECK_OK(reopened, &error);
    CHECK(n > 0 && said[n - 1] == '\n');
    said[n] = '\0';
    CHECK_EQ_INT(captured_count(said, "}\n"), 50);
}

/* A hundred thousand lines that nobody reads. */
TEST(a_pipe_that_nobody_reads_stops_nobody)
{
    enum { LINES = 100000 };
    int ends[2];
    static char said[1 << 20];
    const int before = pipe_output(ends);
    gd_access_log *log = open_log("-");
    const double start = gd_seconds();
    for (int i = 0; i < LINES; i++)
        gd_access_log_put(log, &usual);
    const double put = gd_seconds() - start;
    gd_access_log_put(log, &usual);
    const uint64_t dropped = gd_access_log_dropped(log);
    const int errors = captured_listen();
    gd_access_log_close(log);
    const double closed = gd_seconds() - start - put;
    const char *complaint = captured_said(errors);
    restore_output(before);
    const ssize_t n = read(ends[0], said, sizeof said - 1);
    close(ends[0]);
    CHECK(put < 8.0);
    CHECK(dropped > LINES / 2);
    CHECK(closed < 8.0);
    CHECK_CONTAINS(complaint, "griddle: the access log stops: cannot write 'standard output'");
    CHECK(n > 50000 && said[n - 1] == '\n'); /* what a pipe holds, in whole lines */
    said[n] = '\0';
}

TEST(a_pipe_that_was_closed_loses_lines_and_nothing_else)
{
    int ends[2];
    const int before = pipe_output(ends);
    gd_access_log *log = open_log("-");
    close(ends[0]);
    const int errors = captured_listen();
    for (int i = 0; i < 1000; i++) /* of several writes */
        gd_access_log_put(log, &usual);
    const double start = gd_seconds();
    while (gd_access_log_dropped(log) < 1000 && gd_seconds() - start < 10.0)
        usleep(10000);
    const uint64_t dropped = gd_access_log_dropped(log);
    gd_access_log_close(log);
    const char *complaint = captured_said(errors);
    restore_output(before);
    CHECK_EQ_INT(dropped, 1000);
    CHECK_EQ_INT(captured_count(complaint, "\n"), 1);
    CHECK_CONTAINS(complaint, "Broken pipe");
}

TEST(a_full_disk_is_survived)
{
    struct rlimit limit;
    getrlimit(RLIMIT_FSIZE, &limit);
    gd_access_log *log = open_log(unit_path("log"));
    limit.rlim_cur = 1000; /* of which four lines have room; the signal is not the writer's */
    setrlimit(RLIMIT_FSIZE, &limit);
    const int errors = captured_listen();
    for (int i = 0; i < 10; i++)
        gd_access_log_put(log, &usual);
    const double start = gd_seconds();
    while (gd_access_log_dropped(log) < 6 && gd_seconds() - start < 10.0)
        usleep(10000);
    limit.rlim_cur = RLIM_INFINITY;
    setrlimit(RLIMIT_FSIZE, &limit);
    gd_access_log_put(log, &usual);
    const uint64_t dropped = gd_access_log_dropped(log);
    gd_access_log_close(log);
    const char *complaint = captured_said(errors);
    const char *text = captured_file(unit_path("log"));
    CHECK_CONTAINS(complaint, "File too large");
    CHECK_EQ_INT(captured_count(text, "\n") + (long long)dropped, 11);
    CHECK_EQ_INT(captured_count(text, "}\n"), captured_count(text, "{\"time\""));
    CHECK_EQ_INT(dropped, 6);
}

TEST(refuses_a_file_that_cannot_be)
{
    gd_access_log *log;
    gd_error error = {0};
    CHECK_FAILS(gd_access_log_open(unit_folder(), &log, &error), GD_IO, &error, "Is a directory");
    CHECK(log == NULL);
    CHECK(mkfifo(unit_path("pipe"), 0600) == 0); /* nobody reads it: not waited for */
    CHECK_FAILS(gd_access_log_open(unit_path("pipe"), &log, &error), GD_IO, &error, "access log");
    gd_access_log_close(NULL);
}

typedef struct putter {
    pthread_t thread;
    gd_access_log *log;
} putter;

static void *put_many(void *argument)
{
    const putter *p = argument;
    for (int i = 0; i < 1000; i++)
        gd_access_log_put(p->log, &usual);
    return NULL;
}

TEST(many_threads_and_reopening_lose_nothing)
{
    gd_error error = {0};
    putter putters[4];
    const int before = captured_descriptors();
    gd_access_log *log = open_log(unit_path("log"));
    for (int i = 0; i < 4; i++) {
        putters[i].log = log;
        pthread_create(&putters[i].thread, NULL, put_many, &putters[i]);
    }
    for (int i = 0; i < 50; i++)
        CHECK_OK(gd_access_log_reopen(log, &error), &error);
    for (int i = 0; i < 4; i++)
        pthread_join(putters[i].thread, NULL);
    CHECK_EQ_INT(gd_access_log_dropped(log), 0);
    gd_access_log_close(log);
    CHECK_EQ_INT(captured_descriptors(), before);
    CHECK_EQ_INT(captured_count(captured_file(unit_path("log")), "}\n"), 4000);
}
