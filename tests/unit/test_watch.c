// SPDX-License-Identifier: Apache-2.0
/* The watch, against ranks that are sockets of this test. */
#include "base/clock.h"
#include "base/file.h"
#include "dist/line.h"
#include "dist/watch.h"
#include "unit.h"

#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { RANKS = 3 };

typedef struct scene {
    gd_watch *watch;
    int port, rank[RANKS];
    char token[33];
} scene;

static int reach(const scene *s)
{
    struct sockaddr_in at = {
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons((uint16_t)s->port)};
    int to = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(to >= 0 && connect(to, (struct sockaddr *)&at, sizeof at) == 0);
    gd_socket_tune(to);
    return to;
}

static void turn(const scene *s)
{
    for (int i = 0; i < 5; i++)
        gd_watch_turn(s->watch, 2);
}

static scene open_watch(const char *folder)
{
    scene s;
    gd_error error = {0};
    CHECK_OK(gd_watch_open(RANKS, GD_WATCH_MACHINE, folder, &s.watch, &error), &error);
    CHECK(sscanf(gd_watch_address(s.watch), "%d %32s", &s.port, s.token) == 2);
    return s;
}

static scene all_here(const char *folder)
{
    scene s = open_watch(folder);
    for (int r = 0; r < RANKS; r++) {
        s.rank[r] = reach(&s);
        gd_line_send(s.rank[r], "hello %d %d %s %s host-%c", r, 1000 + r, s.token, GRIDDLE_VERSION, 'a' + r);
    }
    turn(&s);
    CHECK(gd_watch_complete(s.watch));
    return s;
}

static scene all_begun(const char *folder)
{
    scene s = all_here(folder);
    for (int r = 0; r < RANKS; r++)
        gd_line_send(s.rank[r], "begin 40");
    turn(&s);
    CHECK(gd_watch_verdict(s.watch)->begun);
    return s;
}

static void close_scene(scene *s)
{
    for (int r = 0; r < RANKS; r++)
        close(s->rank[r]);
    gd_watch_close(s->watch);
}

/* What a rank has been told, as one text. */
static const char *heard(const scene *s, int rank)
{
    char text[4096];
    ssize_t n = recv(s->rank[rank], text, sizeof text - 1, MSG_DONTWAIT);
    return unit_text("%.*s", n > 0 ? (int)n : 0, text);
}

static const char *verdict(scene *s)
{
    turn(s);
    const gd_rank_verdict *v = gd_watch_verdict(s->watch);
    return v->failed ? unit_text("%d: %s", v->rank, v->message) : v->ended ? "ended" : "goes on";
}

TEST(ranks_begin_and_end)
{
    const char *list = unit_path("ranks.json");
    scene s = all_begun(unit_folder());
    char text[256] = "";
    FILE *file = fopen(list, "r");
    CHECK(file && fread(text, 1, sizeof text - 1, file) > 0);
    fclose(file);
    CHECK_TEXT(text, "{\"ranks\":[{\"rank\":0,\"host\":\"host-a\",\"pid\":1000},{\"rank\":1,\"host\":\"host-b\","
                     "\"pid\":1001},{\"rank\":2,\"host\":\"host-c\",\"pid\":1002}]}\n");
    gd_line_send(s.rank[0], "done");
    gd_line_send(s.rank[2], "done");
    shutdown(s.rank[2], SHUT_WR); /* who has said so may go */
    CHECK_TEXT(verdict(&s), "goes on");
    gd_line_send(s.rank[1], "done");
    CHECK_TEXT(verdict(&s), "ended");
    close_scene(&s);
    CHECK(!gd_file_exists(list));
}

TEST(another_version_is_named)
{
    scene s = open_watch(NULL);
    for (int r = 0; r < RANKS; r++)
        s.rank[r] = reach(&s);
    gd_line_send(s.rank[2], "hello 2 7 %s 9.9.9 elsewhere", s.token);
    CHECK_CONTAINS(verdict(&s), "2: rank 2 on elsewhere, before its first step: it is griddle 9.9.9, and the watch is");
    close_scene(&s);
}

TEST(who_has_no_token_is_no_rank)
{
    scene s = open_watch(NULL);
    for (int r = 0; r < RANKS; r++) {
        s.rank[r] = reach(&s);
        gd_line_send(s.rank[r], "hello %d 7 %.31s %s host", r, r == 1 ? "0123" : s.token, GRIDDLE_VERSION);
    }
    CHECK_TEXT(verdict(&s), "goes on");
    CHECK(gd_watch_empty(s.watch));
    close_scene(&s);
}

TEST(strangers_are_not_listened_to)
{
    scene s = all_begun(NULL);
    char noise[3000];
    memset(noise, 'x', sizeof noise);
    const int guest[] = {reach(&s), reach(&s), reach(&s), reach(&s)};
    gd_line_send(guest[0], "hello 1 7 0123 %s host-d", GRIDDLE_VERSION);        /* no token */
    gd_line_send(guest[1], "hello 1 7 %s %s host-d", s.token, GRIDDLE_VERSION); /* that one is here */
    gd_line_send(guest[2], "hello 3 7 %s %s host-d", s.token, GRIDDLE_VERSION); /* there is no such rank */
    CHECK(send(guest[3], noise, sizeof noise, 0) > 0);
    CHECK_TEXT(verdict(&s), "goes on");
    for (int i = 0; i < 4; i++) {
        char byte;
        CHECK(recv(guest[i], &byte, 1, MSG_DONTWAIT) <= 0);
        struct pollfd closed = {.fd = guest[i], .events = POLLIN};
        CHECK_EQ_INT(poll(&closed, 1, 0), 1);
        close(guest[i]);
    }
    close_scene(&s);
}

TEST(lines_are_read_strictly)
{
    long long n[2] = {0};
    const char *rest;
    CHECK(gd_line_is("beat 12", "beat", 1, n, NULL) && n[0] == 12);
    CHECK(gd_line_is("fail -3 2  a text, 7", "fail", 2, n, &rest) && n[0] == -3 && n[1] == 2);
    CHECK_TEXT(rest, "a text, 7");
    CHECK(gd_line_is("fail 3 2 ", "fail", 2, n, &rest) && *rest == '\0');
    CHECK(gd_line_is("done", "done", 0, NULL, NULL));
    static const char *const bad[] = {
        "beat", "beat ", "beat x", "beat 1x", "beat 1 2", "beats 1", "bea 1", "", "beat 99999999999999999999"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK(!gd_line_is(bad[i], "beat", 1, n, NULL));
}

TEST(a_rank_that_is_gone_is_named_with_its_step)
{
    scene s = all_begun(NULL);
    gd_line_send(s.rank[1], "beat 57");
    turn(&s);
    close(s.rank[1]);
    CHECK_TEXT(verdict(&s), "1: rank 1 on host-b, at step 57: it is gone, without a word");
    CHECK(!gd_watch_empty(s.watch));
    close(s.rank[0]);
    close(s.rank[2]);
    turn(&s);
    CHECK(gd_watch_empty(s.watch));
    CHECK_TEXT(verdict(&s), "1: rank 1 on host-b, at step 57: it is gone, without a word"); /* the first one counts */
    close_scene(&s);
}

/* Beats that go on keep a rank, however long its step takes; silence does not. */
TEST(a_long_step_is_no_failure_and_silence_is)
{
    scene s = all_begun(NULL);
    const double until = gd_seconds() + GD_SILENCE_SECONDS + 1;
    const gd_rank_verdict *v = gd_watch_verdict(s.watch);
    while (!v->failed && gd_seconds() < until) {
        gd_line_send(s.rank[0], "beat 40");
        gd_line_send(s.rank[2], "beat 40");
        gd_watch_turn(s.watch, 50);
        poll(NULL, 0, 100);
    }
    CHECK_CONTAINS(verdict(&s), "1: rank 1 on host-b, at step 40: it is stuck: no sign of life for 6 s");
    close_scene(&s);
}

/* Whose process was not running has missed beats, and not the ranks. */
TEST(a_watch_that_slept_accuses_nobody)
{
    scene s = all_begun(NULL);
    poll(NULL, 0, (int)(GD_SILENCE_SECONDS * 1000) + 300);
    CHECK_TEXT(verdict(&s), "goes on");
    close_scene(&s);
}

TEST(steps_go_together)
{
    scene s = all_begun(NULL);
    gd_line_send(s.rank[0], "beat 100"); /* a second later than what rank 2 says, which was under way */
    gd_line_send(s.rank[2], "beat 41");
    CHECK_TEXT(verdict(&s), "goes on");
    gd_line_send(s.rank[2], "beat 70");
    CHECK_TEXT(verdict(&s), "goes on");
    gd_line_send(s.rank[2], "beat 101");
    CHECK_TEXT(verdict(&s), "goes on");
    close_scene(&s);
    s = all_begun(NULL);
    for (int beat = 1; beat <= 20; beat++) { /* in turns, at different instants, rank 2 a little behind */
        gd_line_send(s.rank[beat % 2], "beat %d", 40 + 10 * beat);
        turn(&s);
        gd_line_send(s.rank[2], "beat %d", 40 + 10 * beat - 5);
        CHECK_TEXT(verdict(&s), "goes on");
    }
    for (int beat = 1; beat <= 4; beat++) { /* and then it stays where it is */
        gd_line_send(s.rank[0], "beat %d", 240 + 10 * beat);
        gd_line_send(s.rank[1], "beat %d", 240 + 10 * beat);
        turn(&s);
        gd_line_send(s.rank[2], "beat 235");
        turn(&s);
    }
    CHECK_CONTAINS(verdict(&s), "2: rank 2 on host-c, at step 235: others are at step 2");
    close_scene(&s);
}

TEST(what_a_rank_says_of_itself_is_passed_on)
{
    scene s = all_begun(NULL);
    gd_line_send(s.rank[1], "fail %d 1 the loss is nan", GD_NUMERIC);
    CHECK_TEXT(verdict(&s), "1: rank 1 on host-b, at step 40: the loss is nan");
    CHECK_EQ_INT(gd_watch_verdict(s.watch)->status, GD_NUMERIC);
    close_scene(&s);
    s = all_here(NULL); /* until they begin, all say the same */
    gd_line_send(s.rank[2], "fail %d 2 3 ranks cannot share a batch", GD_INVALID);
    CHECK_TEXT(verdict(&s), "2: 3 ranks cannot share a batch");
    CHECK_CONTAINS(heard(&s, 0), "abort 2 3 ranks");
    close_scene(&s);
}

/* Sums fail in the others, and they may say so before the watch sees who is gone. */
TEST(a_sum_that_failed_is_the_fault_of_who_is_gone)
{
    scene s = all_begun(NULL);
    gd_line_send(s.rank[0], "fail %d 1 step 'all_reduce.0' failed", GD_DEVICE);
    CHECK_TEXT(verdict(&s), "goes on");
    close(s.rank[2]);
    CHECK_CONTAINS(verdict(&s), "2: rank 2 on host-c, at step 40: it is gone");
    close_scene(&s);
    s = all_begun(NULL);
    gd_line_send(s.rank[0], "fail %d 1 step 'all_reduce.0' failed", GD_DEVICE);
    for (int i = 0; i < 30; i++)
        gd_watch_turn(s.watch, 50);
    CHECK_CONTAINS(verdict(&s), "0: rank 0 on host-a, at step 40: step 'all_reduce.0' failed");
    close_scene(&s);
}

TEST(a_stop_goes_to_all_and_comes_back)
{
    scene s = all_begun(NULL);
    heard(&s, 1);
    gd_watch_stop(s.watch, 15);
    CHECK_CONTAINS(heard(&s, 1), "stop 15\n");
    for (int r = 0; r < RANKS; r++)
        gd_line_send(s.rank[r], "stopped 143 stopped in epoch 1 at step %d, and saved", r);
    CHECK_TEXT(verdict(&s), "ended");
    CHECK_EQ_INT(gd_watch_verdict(s.watch)->code, 143);
    CHECK_TEXT(gd_watch_verdict(s.watch)->message, "stopped in epoch 1 at step 0, and saved");
    close_scene(&s);
}
