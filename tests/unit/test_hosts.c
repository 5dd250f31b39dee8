// SPDX-License-Identifier: Apache-2.0
/* The launchers of several hosts: threads of this test, which meet at a port of this machine. */
#include "dist/children.h"
#include "dist/hosts.h"
#include "unit.h"

#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { HOSTS = 3 };

typedef struct host {
    gd_seat seat;
    int wants, ranks; /* of each */
    gd_status refuses;
    int *prepared; /* how many hosts have; when this one was asked: */
    int place;
    gd_status status;
    gd_error error;
    gd_hosts *hosts;
    bool waits; /* for the run's end, which is `end` */
    char end[200];
} host;

static gd_status prepare(void *argument, int *ranks, gd_error *error)
{
    host *h = argument;
    h->place = __atomic_fetch_add(h->prepared, 1, __ATOMIC_SEQ_CST);
    *ranks = h->wants;
    return h->refuses == GD_OK ? GD_OK : gd_fail(error, h->refuses, "no room on disk");
}

static const char *hear(const host *h)
{
    bool gone = false;
    const char *line = NULL;
    for (int turns = 0; turns < 50 && !line && !gone; turns++)
        line = gd_hosts_hear(h->hosts, 100, &gone);
    return gone ? "(gone)" : line ? line : "(nothing)";
}

static void *live(void *argument)
{
    enum { SECONDS = 10 };
    host *h = argument;
    h->status = gd_hosts_meet(&h->seat, SECONDS, &h->hosts, &h->error);
    if (h->status == GD_OK)
        h->status = gd_hosts_prepare(h->hosts, prepare, h, &h->ranks, &h->error);
    if (h->status == GD_OK && h->waits)
        snprintf(h->end, sizeof h->end, "%s", hear(h));
    if (h->status != GD_OK || h->waits) { /* the first one says so to the others, who wait for it */
        gd_hosts_end(h->hosts, h->status, gd_status_exit_code(h->status), &h->error);
        h->hosts = NULL;
    }
    return NULL;
}

static gd_seat seat_of(int number, int hosts, int port)
{
    gd_seat seat = {.rank = number, .ranks = hosts, .leader = "127.0.0.1", .port = port};
    snprintf(seat.host, sizeof seat.host, "algo-%d", number + 1);
    return seat;
}

/* All come, the first one last, with so many ranks each; `refuses`: what the last one says; then, where it is not to
 * be, those who follow hear why. */
static void gather(host h[HOSTS], int *prepared, const int wants[HOSTS], gd_status refuses)
{
    pthread_t thread[HOSTS];
    const int port = gd_free_port();
    for (int i = HOSTS - 1; i >= 0; i--) {
        h[i] = (host){.seat = seat_of(i, HOSTS, port), .wants = wants[i], .prepared = prepared};
        h[i].refuses = i == HOSTS - 1 ? refuses : GD_OK;
        h[i].waits = i > 0 && (refuses != GD_OK || wants[0] != wants[HOSTS - 1]);
        CHECK_EQ_INT(pthread_create(&thread[i], NULL, live, &h[i]), 0);
    }
    for (int i = 0; i < HOSTS; i++)
        pthread_join(thread[i], NULL);
}

static void *leave(void *argument)
{
    gd_hosts_end(argument, GD_OK, 0, NULL);
    return NULL;
}

/* At once, as each waits for the others. */
static void part(host h[HOSTS])
{
    pthread_t thread[HOSTS];
    for (int i = 0; i < HOSTS; i++)
        CHECK_EQ_INT(pthread_create(&thread[i], NULL, leave, h[i].hosts), 0);
    for (int i = 0; i < HOSTS; i++)
        pthread_join(thread[i], NULL);
}

TEST(all_meet_and_the_first_prepares_first)
{
    host h[HOSTS];
    int prepared = 0;
    gather(h, &prepared, (int[]){8, 8, 8}, GD_OK);
    for (int i = 0; i < HOSTS; i++) {
        CHECK_OK(h[i].status, &h[i].error);
        CHECK_EQ_INT(h[i].ranks, 8);
        CHECK_EQ_INT(gd_hosts_number(h[i].hosts), i);
        CHECK_EQ_INT(gd_hosts_count(h[i].hosts), HOSTS);
    }
    CHECK_EQ_INT(h[0].place, 0);
    CHECK_EQ_INT(prepared, HOSTS);
    part(h);
}

TEST(what_fails_on_one_fails_on_all)
{
    host h[HOSTS];
    int prepared = 0;
    gather(h, &prepared, (int[]){2, 2, 2}, GD_IO);
    CHECK_FAILS(h[0].status, GD_IO, &h[0].error, "algo-3: no room on disk");
    CHECK_FAILS(h[2].status, GD_IO, &h[2].error, "algo-3: no room on disk");
    CHECK_OK(h[1].status, &h[1].error);
    CHECK_TEXT(h[1].end, "end 4 1 algo-3: no room on disk");
    gather(h, &prepared, (int[]){8, 8, 4}, GD_OK);
    static const char different[] = "algo-1 is to have 8 ranks, and algo-3 4: each host needs as many; say --procs";
    CHECK_FAILS(h[0].status, GD_INVALID, &h[0].error, different);
    CHECK_TEXT(h[1].end, unit_text("end 1 2 %s", different));
    CHECK_TEXT(h[2].end, unit_text("end 1 2 %s", different));
}

typedef struct bad_end {
    gd_hosts *hosts;
    const gd_error *error;
} bad_end;

static void *end_badly(void *argument)
{
    const bad_end *e = argument;
    gd_hosts_end(e->hosts, e->error->status, 9, e->error);
    return NULL;
}

TEST(who_leads_starts_clears_and_ends)
{
    host h[HOSTS];
    int prepared = 0, code;
    gd_error error = {0};
    gather(h, &prepared, (int[]){2, 2, 2}, GD_OK);
    gd_hosts_start(h[0].hosts, true, 4711, "4712 token");
    gd_hosts_clear(h[0].hosts, 2);
    for (int i = 1; i < HOSTS; i++) {
        CHECK_TEXT(hear(&h[i]), "start 1 4711 4712 token");
        CHECK_TEXT(hear(&h[i]), "clear 2");
    }
    gd_fail(&error, GD_NUMERIC, "rank 5 on algo-3, at step 7: the loss is no number");
    pthread_t ending;
    CHECK_EQ_INT(pthread_create(&ending, NULL, end_badly, &(bad_end){h[0].hosts, &error}), 0);
    for (int i = 1; i < HOSTS; i++) {
        const char *line = hear(&h[i]);
        CHECK_FAILS(gd_hosts_ended(h[i].hosts, line, &code, &h[i].error), GD_NUMERIC, &h[i].error, error.message);
        CHECK_EQ_INT(code, 9);
        CHECK_FAILS(gd_hosts_ended(h[i].hosts, NULL, &code, &h[i].error), GD_DEVICE, &h[i].error,
                    "127.0.0.1, which leads the run, is gone");
        gd_hosts_end(h[i].hosts, GD_OK, 0, NULL);
        h[i].hosts = NULL;
    }
    pthread_join(ending, NULL);
}

/* What those who follow say comes to the watch. */
TEST(signals_and_losses_reach_the_watch)
{
    host h[HOSTS];
    int prepared = 0;
    gd_watch *watch;
    gd_error error = {0};
    gather(h, &prepared, (int[]){1, 1, 1}, GD_OK);
    CHECK_OK(gd_watch_open(HOSTS, GD_WATCH_HOSTS, NULL, &watch, &error), &error);
    gd_hosts_tell(h[1].hosts, "stop", "15");
    gd_hosts_tell(h[1].hosts, "cleared", "");
    for (int turns = 0; turns < 20; turns++, poll(NULL, 0, 10))
        gd_hosts_turn(h[0].hosts, watch);
    CHECK_EQ_INT(gd_hosts_signal(h[0].hosts), 15);
    CHECK(!gd_hosts_cleared(h[0].hosts) && gd_hosts_whole(h[0].hosts) && !gd_watch_verdict(watch)->failed);
    gd_hosts_tell(h[2].hosts, "cleared", "");
    gd_hosts_tell(h[2].hosts, "lost", "a rank could not be started");
    for (int turns = 0; turns < 200 && !gd_watch_verdict(watch)->failed; turns++, poll(NULL, 0, 10))
        gd_hosts_turn(h[0].hosts, watch);
    CHECK_TEXT(gd_watch_verdict(watch)->message, "a rank could not be started on algo-3");
    CHECK(gd_hosts_cleared(h[0].hosts));
    gd_watch_close(watch);
    part(h);
}

TEST(who_does_not_come_is_named)
{
    gd_hosts *hosts;
    gd_error error = {0};
    gd_seat seat = seat_of(0, 2, gd_free_port());
    CHECK_FAILS(gd_hosts_meet(&seat, 0.2, &hosts, &error), GD_IO, &error,
                "host 2 of 2, in sorted order, has not come to algo-1 within 0.2 s");
    seat = seat_of(1, 2, gd_free_port());
    CHECK_FAILS(gd_hosts_meet(&seat, 0.2, &hosts, &error), GD_IO, &error, "127.0.0.1, which leads, does not answer");
}

/* Says `line` at the port of the one that leads. */
typedef struct stranger {
    int port;
    const char *line;
} stranger;

static void *speak(void *argument)
{
    const stranger *s = argument;
    const char *port = unit_text("%d", s->port);
    int socket = -1;
    for (int turns = 0; turns < 100 && socket < 0; turns++, poll(NULL, 0, 10))
        socket = gd_socket_connect("127.0.0.1", port);
    gd_line_send(socket, "%s", s->line);
    gd_socket_part(socket);
    return NULL;
}

TEST(strangers_and_other_versions_are_not_taken_in)
{
    static const struct {
        const char *line, *complaint;
        gd_status status;
    } cases[] = {{"GET / HTTP/1.1", "host 2 of 2", GD_IO},
                 {"host 0 0.1.0 algo-1", "host 2 of 2", GD_IO},
                 {"host 2 0.1.0 algo-3", "host 2 of 2", GD_IO},
                 {"host 1 0.0.0 algo-2", "algo-2 has griddle 0.0.0, and algo-1 ", GD_INVALID}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        gd_hosts *hosts;
        gd_error error = {0};
        pthread_t thread;
        gd_seat seat = seat_of(0, 2, gd_free_port());
        stranger s = {seat.port, cases[i].line};
        CHECK_EQ_INT(pthread_create(&thread, NULL, speak, &s), 0);
        gd_status status = gd_hosts_meet(&seat, 1, &hosts, &error);
        pthread_join(thread, NULL);
        CHECK_FAILS(status, cases[i].status, &error, cases[i].complaint);
    }
}
