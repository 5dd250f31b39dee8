// SPDX-License-Identifier: Apache-2.0
#include "base/file.h"
#include "captured/time.h"
#include "unit.h"
#include "watch/append.h"
#include "watch/folders.h"
#include "watch/history.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { HOUR = 3600 * 1000 };
#define FIRST INT64_C(1795744800000) /* 2026-11-27T02:00:00Z */

static gd_watched window_of(int hour, gd_watched_result result)
{
    gd_watched window = {.from_ms = FIRST + hour * (int64_t)HOUR,
                         .to_ms = FIRST + (hour + 1) * (int64_t)HOUR,
                         .result = result,
                         .pictures = 1000 + hour,
                         .violations = result == GD_WATCHED_VIOLATED,
                         .accuracy = {NAN, NAN, NAN, NAN}};
    gd_watched_say(&window, "words, \"quoted\", and grüße");
    return window;
}

static const char *file_text(const char *path)
{
    gd_arena arena = {0};
    char *text;
    size_t bytes;
    gd_error error = {0};
    CHECK_OK(gd_file_read(path, 1 << 20, &arena, &text, &bytes, &error), &error);
    const char *copy = unit_text("%s", text);
    gd_arena_release(&arena);
    return copy;
}

/* Without a sync, as a thousand of them take a while. */
static void write_quickly(const char *path, const char *text, size_t length)
{
    FILE *file = fopen(path, "wb");
    CHECK(file && fwrite(text, 1, length, file) == length && fclose(file) == 0);
}

/* A history of windows with these results, 'v' violated, 'f' fine, others by their first letters. */
static void make_history(gd_history *history, const char *results)
{
    static const char letters[] = "fvw-xs";
    gd_error error = {0};
    CHECK_OK(gd_history_open(unit_path("w"), history, &error), &error);
    for (int i = 0; results[i]; i++) {
        gd_watched window = window_of(i, (gd_watched_result)(strchr(letters, results[i]) - letters));
        gd_watched_follow(&window, gd_history_last(history), 1, 2, 1);
        CHECK_OK(gd_history_append(history, &window, &error), &error);
    }
}

/* ---- state ---- */

/* What follows of windows: '!' a violation, '+' a recovery, '.' nothing. */
static const char *events_of(const char *results, int violate_after, int recover_after)
{
    static const char letters[] = "fvw-xs", marks[] = ".!+";
    char events[64] = "";
    gd_watched before = {0}, now;
    for (int i = 0; results[i]; i++) {
        now = window_of(i, (gd_watched_result)(strchr(letters, results[i]) - letters));
        gd_watched_follow(&now, i ? &before : NULL, violate_after, recover_after, 1);
        events[i] = marks[now.event];
        before = now;
    }
    return unit_text("%s", events);
}

TEST(changes_its_state_by_windows_in_a_row)
{
    CHECK_TEXT(events_of("fvff", 1, 1), ".!+.");
    CHECK_TEXT(events_of("vvvv", 1, 1), "!...");
    CHECK_TEXT(events_of("fvfvffvff", 1, 2), ".!...+!.+");
    CHECK_TEXT(events_of("vfvvvf", 2, 1), "...!.+");
    CHECK_TEXT(events_of("ffvvffvvvf", 3, 3), "........!.");
    CHECK_TEXT(events_of("v-w-v", 2, 1), "....!"); /* what says nothing does not interrupt */
    CHECK_TEXT(events_of("v-w-xsf-f", 1, 2), "!.......+");
    CHECK_TEXT(events_of("--ww", 1, 1), "....");
}

TEST(counts_windows_of_each_kind)
{
    gd_history history;
    make_history(&history, "ffv-wxf");
    const gd_watched *last = gd_history_last(&history);
    CHECK_EQ_INT(last->totals[GD_WATCHED_FINE], 3);
    CHECK_EQ_INT(last->totals[GD_WATCHED_VIOLATED], 1);
    CHECK_EQ_INT(last->totals[GD_WATCHED_EMPTY], 1);
    CHECK_EQ_INT(last->totals[GD_WATCHED_FEW], 1);
    CHECK_EQ_INT(last->totals[GD_WATCHED_FAILED], 1);
    gd_watched many = window_of(7, GD_WATCHED_SKIPPED);
    gd_watched_follow(&many, last, 1, 2, 40);
    CHECK_EQ_INT(many.totals[GD_WATCHED_SKIPPED], 40);
    CHECK(many.violated);
    gd_history_close(&history);
}

/* ---- lines ---- */

TEST(reads_what_it_writes)
{
    gd_watched window = window_of(3, GD_WATCHED_VIOLATED), again;
    gd_error error = {0};
    window.accuracy = (gd_estimate){0.712345, NAN, 0.65, 1};
    gd_watched_follow(&window, NULL, 1, 2, 1);
    for (int i = 0; i < 2; i++) {
        gd_text line = {0};
        gd_watched_print(&window, &line);
        CHECK_OK(gd_watched_read("h", 1, line.at, line.length, &again, &error), &error);
        CHECK(again.from_ms == window.from_ms && again.to_ms == window.to_ms && again.result == window.result);
        CHECK(again.pictures == 1003 && again.violations == 1 && again.violated && again.streak == window.streak);
        CHECK(again.event == GD_WATCHED_VIOLATION);
        CHECK(memcmp(again.totals, window.totals, sizeof again.totals) == 0);
        CHECK_TEXT(again.summary, window.summary);
        CHECK(i == 0 ? again.accuracy.value == 0.712345 && again.accuracy.high == 1 : isnan(again.accuracy.value));
        window.accuracy.value = NAN;
        gd_text_release(&line);
    }
}

TEST(reads_lines_of_before_windows_could_be_unreadable)
{
    gd_watched window = window_of(3, GD_WATCHED_VIOLATED);
    gd_error error = {0};
    gd_text line = {0};
    gd_watched_follow(&window, NULL, 1, 2, 1);
    gd_watched_print(&window, &line);
    static const char entry[] = "\"unreadable\":0,";
    char *at = strstr(line.at, entry);
    memmove(at, at + strlen(entry), strlen(at + strlen(entry)) + 1);
    window.totals[GD_WATCHED_UNREADABLE] = 7;
    CHECK_OK(gd_watched_read("h", 1, line.at, strlen(line.at), &window, &error), &error);
    CHECK_EQ_INT(window.totals[GD_WATCHED_UNREADABLE], 0);
    CHECK_EQ_INT(window.totals[GD_WATCHED_VIOLATED], 1);
    gd_text_release(&line);
}

TEST(cuts_summaries_between_characters)
{
    gd_watched window;
    char text[600] = "";
    for (int i = 0; i < 299; i++)
        memcpy(text + 2 * i, "ü", 3);
    gd_watched_say(&window, text);
    CHECK_EQ_INT(strlen(window.summary), GD_WATCHED_SUMMARY - 2); /* 254 of 255 bytes */
    gd_watched_say(&window, "x\xff\xfey");
    CHECK_TEXT(window.summary, "x\xff\xfey");
}

TEST(refuses_lines_of_others)
{
    gd_watched window = window_of(0, GD_WATCHED_FINE);
    gd_error error = {0};
    gd_text line = {0};
    gd_watched_follow(&window, NULL, 1, 2, 1);
    gd_watched_print(&window, &line);
    static const char *const keys[] = {"from",     "to",    "result", "pictures", "violations",
                                       "accuracy", "state", "event",  "streak",   "totals"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        char *copy = strdup(line.at), *key = strstr(copy, unit_text("\"%s\":", keys[i]));
        key[1] = 'X';
        CHECK_FAILS(gd_watched_read("h", 7, copy, strlen(copy), &window, &error), GD_FORMAT, &error, "h:7:1: ");
        free(copy);
    }
    CHECK_FAILS(gd_watched_read("h", 7, line.at, line.length - 1, &window, &error), GD_FORMAT, &error,
                "take the line out");
    gd_text_release(&line);
}

/* ---- the file ---- */

TEST(goes_on_where_it_was)
{
    gd_history history;
    gd_error error = {0};
    make_history(&history, "ffv");
    gd_history_close(&history);
    CHECK_OK(gd_history_open(unit_path("w"), &history, &error), &error);
    CHECK_EQ_INT(history.n, 3);
    CHECK(gd_history_last(&history)->violated);
    CHECK_TEXT(gd_history_last(&history)->summary, "words, \"quoted\", and grüße");
    gd_history_close(&history);
}

TEST(cuts_off_half_a_line)
{
    gd_history history;
    gd_error error = {0};
    make_history(&history, "ff");
    gd_history_close(&history);
    const char *whole = file_text(unit_path("w/history.jsonl"));
    const size_t first = strcspn(whole, "\n") + 1;
    for (size_t bytes = 0; bytes < strlen(whole); bytes++) { /* killed at any byte */
        write_quickly(unit_path("w/history.jsonl"), whole, bytes);
        CHECK_OK(gd_history_open(unit_path("w"), &history, &error), &error);
        CHECK_EQ_INT(history.n, bytes >= first);
        CHECK_EQ_INT(strlen(file_text(unit_path("w/history.jsonl"))), bytes >= first ? first : 0);
        gd_history_close(&history);
    }
}

TEST(names_the_line_that_is_broken)
{
    gd_history history;
    gd_error error = {0};
    make_history(&history, "ff");
    gd_history_close(&history);
    const char *whole = file_text(unit_path("w/history.jsonl"));
    const char *broken = unit_text("%s{\"from\":1}\n", whole), *twice = unit_text("%s%s", whole, whole);
    CHECK_OK(gd_file_write(unit_path("w/history.jsonl"), broken, strlen(broken), &error), &error);
    CHECK_FAILS(gd_history_open(unit_path("w"), &history, &error), GD_FORMAT, &error, "history.jsonl:3:1: 'from'");
    gd_history_close(&history);
    CHECK_OK(gd_file_write(unit_path("w/history.jsonl"), twice, strlen(twice), &error), &error);
    CHECK_FAILS(gd_history_open(unit_path("w"), &history, &error), GD_FORMAT, &error,
                "history.jsonl:3:1: the window begins before");
    gd_history_close(&history);
}

TEST(is_kept_by_one_process)
{
    gd_history one, other;
    gd_error error = {0};
    make_history(&one, "f");
    CHECK_FAILS(gd_history_open(unit_path("w"), &other, &error), GD_IO, &error,
                unit_text("process %ld watches with", (long)getpid()));
    gd_history_close(&other);
    gd_history_close(&one);
    CHECK_OK(gd_history_open(unit_path("w"), &other, &error), &error);
    gd_history_close(&other);
}

TEST(forgets_what_is_old)
{
    gd_history history;
    gd_error error = {0};
    make_history(&history, "ffvfffff");
    CHECK_OK(gd_history_keep(&history, FIRST + 2 * HOUR, &error), &error); /* ended before: one */
    CHECK_EQ_INT(history.n, 7);
    CHECK_EQ_INT(history.window[0].from_ms, FIRST + HOUR);
    CHECK_OK(gd_history_keep(&history, FIRST + 100 * (int64_t)HOUR, &error), &error); /* the last one stays */
    CHECK_EQ_INT(history.n, 1);
    gd_history_close(&history);
    CHECK_OK(gd_history_open(unit_path("w"), &history, &error), &error);
    CHECK_EQ_INT(history.n, 1);
    CHECK_EQ_INT(gd_history_last(&history)->totals[GD_WATCHED_FINE], 7); /* counted all the same */
    gd_history_close(&history);
}

TEST(takes_back_what_a_wrong_clock_made)
{
    gd_history history;
    gd_error error = {0};
    int n;
    make_history(&history, "fvs---");
    CHECK_OK(gd_history_take_back(&history, FIRST + 6 * HOUR, &n, &error), &error);
    CHECK_EQ_INT(n, 0);
    CHECK_OK(gd_history_take_back(&history, FIRST + 4 * HOUR, &n, &error), &error);
    CHECK_EQ_INT(n, 2);
    CHECK_EQ_INT(history.n, 4);
    CHECK_OK(gd_history_take_back(&history, FIRST, &n, &error), &error); /* windows with pictures stay */
    CHECK_EQ_INT(n, 2);
    CHECK_EQ_INT(history.n, 2);
    CHECK(gd_history_last(&history)->violated);
    gd_history_close(&history);
    CHECK_OK(gd_history_open(unit_path("w"), &history, &error), &error);
    CHECK_EQ_INT(history.n, 2);
    gd_history_close(&history);
}

/* ---- lines that are appended once ---- */

TEST(appends_once_whatever_was_written)
{
    static const char before[] = "old\n", lines[] = "one\ntwo\nthree\n";
    gd_error error = {0};
    for (size_t written = 0; written < sizeof lines; written++) { /* killed behind any byte */
        const char *there = unit_text("%s%.*s", before, (int)written, lines);
        CHECK_OK(gd_file_write(unit_path("f"), there, strlen(there), &error), &error);
        CHECK_OK(gd_append(unit_path("f"), lines, sizeof lines - 1, &error), &error);
        CHECK_TEXT(file_text(unit_path("f")), "old\none\ntwo\nthree\n");
    }
}

TEST(appends_behind_others)
{
    gd_error error = {0};
    CHECK_OK(gd_append(unit_path("f"), "one\n", 4, &error), &error);
    CHECK_OK(gd_append(unit_path("f"), "two\n", 4, &error), &error);
    CHECK_OK(gd_file_write(unit_path("g"), "half of another's li", 20, &error), &error);
    CHECK_OK(gd_append(unit_path("g"), "one\n", 4, &error), &error);
    CHECK_TEXT(file_text(unit_path("f")), "one\ntwo\n");
    CHECK_TEXT(file_text(unit_path("g")), "half of another's li\none\n");
    CHECK_FAILS(gd_append(unit_folder(), "one\n", 4, &error), GD_IO, &error, "cannot append to");
}

TEST(leaves_nothing_of_lines_that_found_no_room)
{
    gd_error error = {0};
    struct rlimit before, limit;
    CHECK_OK(gd_append(unit_path("f"), "one\n", 4, &error), &error);
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before);
    limit = (struct rlimit){9, before.rlim_max};
    setrlimit(RLIMIT_FSIZE, &limit);
    const gd_status status = gd_append(unit_path("f"), "two\nthree\n", 10, &error);
    setrlimit(RLIMIT_FSIZE, &before);
    CHECK_FAILS(status, GD_IO, &error, "cannot append to");
    CHECK_TEXT(file_text(unit_path("f")), "one\n");
}

/* ---- folders ---- */

TEST(removes_reports_and_nothing_else)
{
    static const char *const files[] = {"2026-11-26T0100/check.json",       "2026-11-26T0100/report.html",
                                        "2026-11-26T0100/report.html.part", "2026-11-26T0200/notes.txt",
                                        "2026-11-26T0200/check.json",       "2026-11-27T0200/check.json",
                                        "2026-11-26T0100-mine/check.json",  "mine/check.json"};
    gd_error error = {0};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        const char *path = unit_path("%s", files[i]);
        CHECK_OK(gd_folder_make(unit_text("%.*s", (int)(strrchr(path, '/') - path), path), &error), &error);
        CHECK_OK(gd_file_write(path, "x", 1, &error), &error);
    }
    CHECK_OK(gd_window_folders_keep(unit_folder(), FIRST, &error), &error);
    CHECK(!gd_file_exists(unit_path("2026-11-26T0100")));
    CHECK(!gd_file_exists(unit_path("2026-11-26T0200/check.json")));
    CHECK(gd_file_exists(unit_path("2026-11-26T0200/notes.txt")));
    CHECK(gd_file_exists(unit_path("2026-11-27T0200/check.json")));
    CHECK(gd_file_exists(unit_path("2026-11-26T0100-mine/check.json")) && gd_file_exists(unit_path("mine/check.json")));
}
