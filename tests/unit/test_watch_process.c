// SPDX-License-Identifier: Apache-2.0
#include "base/clock.h"
#include "base/file.h"
#include "unit.h"
#include "watch/process.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

static gd_status run(const char *script, double seconds, const volatile int *stop, gd_error *error)
{
    const char *const words[] = {"/bin/sh", "-c", script, NULL};
    const char *const environment[] = {"PLACE=here", NULL};
    return gd_process_run(&(gd_process){words, environment, "line one\nline two\n", seconds, stop}, error);
}

static const char *text_of(const char *path)
{
    gd_arena arena = {0};
    char *text;
    size_t bytes;
    gd_error error = {0};
    CHECK_OK(gd_file_read(path, 4096, &arena, &text, &bytes, &error), &error);
    const char *copy = unit_text("%s", text);
    gd_arena_release(&arena);
    return copy;
}

TEST(hands_on_input_and_environment)
{
    gd_error error = {0};
    setenv("PLACE", "there", 1);
    setenv("OTHER", "kept", 1);
    const char *path = unit_path("out");
    CHECK_OK(run(unit_text("cat > %s; env | grep -E '^(PLACE|OTHER)=' | sort >> %s", path, path), 10, NULL, &error),
             &error);
    CHECK_TEXT(text_of(path), "line one\nline two\nOTHER=kept\nPLACE=here\n");
}

TEST(says_how_it_ended)
{
    gd_error error = {0};
    CHECK_FAILS(run("exit 7", 10, NULL, &error), GD_IO, &error, "ended with code 7");
    CHECK_FAILS(run("kill -11 $$", 10, NULL, &error), GD_IO, &error, "died of signal 11");
    const char *const words[] = {"/nowhere/program", NULL}, *const none[] = {NULL};
    CHECK_FAILS(gd_process_run(&(gd_process){words, none, "", 1, NULL}, &error), GD_IO, &error,
                "cannot start '/nowhere/program'");
}

/* Those that ignore SIGTERM and those that it has started itself: all of them end. */
TEST(ends_what_takes_too_long)
{
    gd_error error = {0};
    const char *path = unit_path("pids");
    const double begin = gd_seconds();
    CHECK_FAILS(run(unit_text("trap '' TERM; sleep 60 & echo $! > %s; echo $$ >> %s; wait; sleep 60", path, path), 0.3,
                    NULL, &error),
                GD_IO, &error, "took longer than 0.3 s");
    CHECK(gd_seconds() - begin < 5);
    char *rest = NULL;
    const long child = strtol(text_of(path), &rest, 10), shell = strtol(rest, NULL, 10);
    CHECK(child > 1 && shell > 1);
    CHECK(kill((pid_t)shell, 0) != 0);                            /* reaped */
    for (int i = 0; i < 500 && kill((pid_t)child, 0) == 0; i++) { /* init has yet to reap it, if there is one */
        if (strstr(text_of(unit_text("/proc/%ld/stat", child)), ") Z "))
            return;
        nanosleep(&(struct timespec){.tv_nsec = 10 * 1000 * 1000}, NULL);
    }
    CHECK(kill((pid_t)child, 0) != 0);
}

TEST(stops_when_asked)
{
    gd_error error = {0};
    const volatile int stop = 1;
    const double begin = gd_seconds();
    CHECK_FAILS(run("sleep 60", 100, &stop, &error), GD_STOPPED, &error, "stopped");
    CHECK(gd_seconds() - begin < 5);
}
