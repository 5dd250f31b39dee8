// SPDX-License-Identifier: Apache-2.0
#include "dist/watch.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "dist/line.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

/* Ranks go from step to step together; on a GPU the host runs ahead by as many as its inputs are kept for. */
enum { STEPS_APART = 16 };
enum { STRANGERS = 16 };
static const double OWN_SLEEP = 2; /* seconds between two turns: this process itself was not running */

typedef struct member {
    int socket; /* -1: not there yet, or gone */
    gd_lines lines;
    char host[256];
    int pid;
    long long step;
    bool beaten;        /* since the last look at steps */
    long long floor[2]; /* the furthest step of all when its last beat but one came, and when its last one did */
    bool here, begun, ended;
    double heard;
} member;

/* A connection that has not said hello. */
typedef struct stranger {
    int socket; /* 0: none */
    gd_lines lines;
    double since;
} stranger;

struct gd_watch {
    int listener, ranks, own;
    char address[64], token[33];
    const char *folder;
    bool written; /* ranks.json */
    member *member;
    struct pollfd *poll;
    stranger stranger[STRANGERS];
    double turned, beaten;
    double woke; /* when this process had been stopped for longer than others wait; 0: never */
    gd_rank_verdict verdict;
    int asked;   /* the signal that ranks were asked to stop for; 0: they were not */
    int suspect; /* a rank whose device or collectives failed, which may be another one's fault; -1: none */
    double until;
    char text[600];
};

/* ---- opening ---- */

static gd_status listen_for_ranks(gd_watch *w, gd_error *error)
{
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_addr.s_addr = htonl(w->own == GD_WATCH_MACHINE ? INADDR_LOOPBACK : INADDR_ANY)};
    socklen_t length = sizeof at;
    unsigned char random[16];
    w->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (w->listener < 0 || bind(w->listener, (struct sockaddr *)&at, sizeof at) != 0 ||
        listen(w->listener, w->ranks + STRANGERS) != 0 ||
        getsockname(w->listener, (struct sockaddr *)&at, &length) != 0 ||
        getrandom(random, sizeof random, 0) != (ssize_t)sizeof random)
        return gd_fail(error, GD_IO, "cannot listen for ranks: %s", strerror(errno));
    for (size_t i = 0; i < sizeof random; i++)
        snprintf(w->token + 2 * i, 3, "%02x", random[i]);
    snprintf(w->address, sizeof w->address, "%d %s", ntohs(at.sin_port), w->token);
    return GD_OK;
}

gd_status gd_watch_open(int ranks, int own, const char *folder, gd_watch **watch, gd_error *error)
{
    gd_watch *w = calloc(1, sizeof *w);
    *watch = w;
    if (!w || !(w->member = calloc((size_t)ranks, sizeof *w->member)) ||
        !(w->poll = calloc((size_t)ranks + STRANGERS + 1, sizeof *w->poll))) {
        if (w)
            free(w->member);
        free(w);
        *watch = NULL;
        return gd_fail(error, GD_NOMEM, "out of memory for %d ranks", ranks);
    }
    w->ranks = ranks;
    w->own = own;
    w->turned = gd_seconds();
    w->suspect = -1;
    w->folder = folder;
    for (int r = 0; r < ranks; r++)
        w->member[r].socket = -1;
    gd_status status = listen_for_ranks(w, error);
    if (status != GD_OK) {
        gd_watch_close(w);
        *watch = NULL;
    }
    return status;
}

static void ranks_path(const char *folder, char path[4096]) { snprintf(path, 4096, "%s/ranks.json", folder); }

void gd_ranks_forget(const char *folder)
{
    char path[4096];
    ranks_path(folder, path);
    unlink(path);
}

void gd_watch_close(gd_watch *w)
{
    if (!w)
        return;
    for (int r = 0; r < w->ranks; r++) {
        if (w->member[r].socket >= 0)
            close(w->member[r].socket);
    }
    for (int i = 0; i < STRANGERS; i++) {
        if (w->stranger[i].socket > 0)
            close(w->stranger[i].socket);
    }
    if (w->listener >= 0)
        close(w->listener);
    if (w->written)
        gd_ranks_forget(w->folder);
    free(w->poll);
    free(w->member);
    free(w);
}

const char *gd_watch_address(const gd_watch *w) { return w->address; }
const gd_rank_verdict *gd_watch_verdict(const gd_watch *w) { return &w->verdict; }

/* ---- failures ---- */

static void tell_all(const gd_watch *w, const char *line)
{
    for (int r = 0; r < w->ranks; r++) {
        if (w->member[r].socket >= 0)
            gd_line_send(w->member[r].socket, "%s", line);
    }
}

static void fail(gd_watch *w, int rank, gd_status status, int code, const char *message)
{
    gd_rank_verdict *v = &w->verdict;
    if (v->failed)
        return;
    v->failed = true;
    v->late = w->woke > 0 && gd_seconds() - w->woke < GD_SILENCE_SECONDS;
    v->rank = rank;
    v->status = status;
    v->code = code;
    snprintf(v->message, sizeof v->message, "%s", message);
    for (int r = 0; r < w->ranks; r++) {
        if (w->member[r].socket >= 0 && r != w->own)
            gd_line_send(w->member[r].socket, "abort %d %s", code, message);
    }
}

void gd_watch_blame(gd_watch *w, gd_status status, const char *format, ...)
{
    char text[600];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    fail(w, -1, status, gd_status_exit_code(status), text);
}

/* "rank 1 on ten, at step 7: <text>". */
static void blame_rank(gd_watch *w, int rank, gd_status status, const char *format, ...) GD_PRINTF(4, 5);
static void blame_rank(gd_watch *w, int rank, gd_status status, const char *format, ...)
{
    const member *m = &w->member[rank];
    char text[700], where[64];
    snprintf(where, sizeof where, m->begun ? "at step %lld" : "before its first step", m->step);
    int n = snprintf(text, sizeof text, "rank %d on %s, %s: ", rank, m->host, where);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text + n, sizeof text - (size_t)n, format, arguments);
    va_end(arguments);
    fail(w, rank, status, gd_status_exit_code(status), text);
}

/* ---- the ranks ---- */

static void write_ranks(gd_watch *w)
{
    gd_text text = {0};
    char path[4096];
    if (!w->folder)
        return;
    ranks_path(w->folder, path);
    for (int r = 0; r < w->ranks; r++) {
        gd_text_add(&text, "%s{\"rank\":%d,\"host\":", r ? "," : "{\"ranks\":[", r);
        gd_text_add_json(&text, w->member[r].host);
        gd_text_add(&text, ",\"pid\":%d}", w->member[r].pid);
    }
    gd_text_add(&text, "]}\n");
    w->written = gd_text_status(&text, NULL) == GD_OK && gd_file_write(path, text.at, text.length, NULL) == GD_OK;
    gd_text_release(&text);
}

/* When all have begun, and so the run's folder is there. */
static void begin(gd_watch *w)
{
    for (int r = 0; r < w->ranks; r++) {
        if (!w->member[r].begun)
            return;
    }
    w->verdict.begun = true;
    write_ranks(w);
}

bool gd_watch_complete(const gd_watch *w)
{
    for (int r = 0; r < w->ranks; r++) {
        if (!w->member[r].here)
            return false;
    }
    return true;
}

/* ---- what ranks say ---- */

static bool welcome(gd_watch *w, stranger *s, const char *line)
{
    char token[33], version[32];
    long long number[2]; /* rank, process */
    const char *rest;
    int at = 0;
    if (!gd_line_is(line, "hello", 2, number, &rest) || sscanf(rest, "%32s %31s %n", token, version, &at) != 2 ||
        strcmp(token, w->token) != 0 || number[0] < 0 || number[0] >= w->ranks || w->member[number[0]].here)
        return false;
    const int rank = (int)number[0];
    member *m = &w->member[rank];
    *m = (member){.socket = s->socket, .lines = s->lines, .pid = (int)number[1], .here = true, .heard = gd_seconds()};
    snprintf(m->host, sizeof m->host, "%s", rest + at);
    *s = (stranger){0};
    if (strcmp(version, GRIDDLE_VERSION) != 0)
        blame_rank(w, rank, GD_INVALID, "it is griddle %s, and the watch is %s; use one on all machines", version,
                   GRIDDLE_VERSION);
    if (w->verdict.failed && rank != w->own)
        gd_line_send(m->socket, "abort %d %s", w->verdict.code, w->verdict.message);
    if (w->asked)
        gd_line_send(m->socket, "stop %d", w->asked);
    return true;
}

/* A sum fails where another rank is gone, and whoever notices first says so: the one that is gone has the blame. */
static void suspect(gd_watch *w, int rank, const char *text)
{
    static const double PATIENCE = 1;
    w->suspect = rank;
    w->until = gd_seconds() + PATIENCE;
    snprintf(w->text, sizeof w->text, "%s", text);
}

static void hear(gd_watch *w, int rank, const char *line)
{
    member *m = &w->member[rank];
    long long number[2];
    const char *text;
    m->heard = gd_seconds();
    if (gd_line_is(line, "beat", 1, &m->step, NULL)) {
        m->beaten = true;
    } else if (gd_line_is(line, "begin", 1, &m->step, NULL)) {
        m->begun = true;
        begin(w);
    } else if (gd_line_is(line, "stopped", 1, number, &text)) {
        m->ended = true;
        if (rank == 0 && !w->verdict.failed) { /* all say the same */
            snprintf(w->verdict.message, sizeof w->verdict.message, "%s", text);
            w->verdict.code = (int)number[0];
        }
    } else if (gd_line_is(line, "done", 0, NULL, NULL)) {
        m->ended = true;
    } else if (gd_line_is(line, "fail", 2, number, &text)) {
        m->ended = true;
        if (!m->begun) /* all ranks say so, and whose fault it is if it is one's */
            fail(w, rank, (gd_status)number[0], (int)number[1], text);
        else if (number[0] != GD_DEVICE)
            blame_rank(w, rank, (gd_status)number[0], "%s", text);
        else if (w->suspect < 0)
            suspect(w, rank, text);
    }
}

static void lose(gd_watch *w, int rank)
{
    member *m = &w->member[rank];
    close(m->socket);
    m->socket = -1;
    if (!m->ended)
        blame_rank(w, rank, GD_DEVICE, "it is gone, without a word");
}

static void meet(gd_watch *w)
{
    int socket = accept(w->listener, NULL, NULL);
    for (int i = 0; socket >= 0 && i < STRANGERS; i++) {
        if (w->stranger[i].socket == 0) {
            gd_socket_tune(socket);
            w->stranger[i] = (stranger){.socket = socket, .since = gd_seconds()};
            return;
        }
    }
    if (socket >= 0)
        close(socket);
}

static void ask_stranger(gd_watch *w, stranger *s)
{
    bool holds = gd_lines_receive(&s->lines, s->socket);
    const char *line = gd_lines_next(&s->lines);
    if (line ? welcome(w, s, line) : holds && gd_seconds() - s->since < GD_SILENCE_SECONDS)
        return;
    close(s->socket);
    *s = (stranger){0};
}

/* ---- what they do not say ---- */

/* Who has been silent for too long; nobody where this process itself slept, as others did with it, then. */
static void miss(gd_watch *w, double now)
{
    bool slept = now - w->turned > OWN_SLEEP;
    for (int r = 0; r < w->ranks; r++) {
        member *m = &w->member[r];
        if (slept)
            m->heard = now;
        if (m->socket >= 0 && !m->ended && now - m->heard > GD_SILENCE_SECONDS)
            blame_rank(w, r, GD_DEVICE, "it is stuck: no sign of life for %.0f s", now - m->heard);
    }
}

/* A rank may not be behind where another one was two beats ago: beats are taken at different instants, so its last two
 * are younger than that. */
static void compare_steps(gd_watch *w)
{
    long long furthest = 0;
    for (int r = 0; r < w->ranks; r++)
        furthest = w->member[r].step > furthest ? w->member[r].step : furthest;
    for (int r = 0; r < w->ranks && w->verdict.begun; r++) {
        member *m = &w->member[r];
        if (!m->beaten)
            continue;
        if (!m->ended && m->step + STEPS_APART < m->floor[0])
            blame_rank(w, r, GD_DEVICE, "others are at step %lld: it does not go through the steps that they do",
                       m->floor[0]);
        m->floor[0] = m->floor[1];
        m->floor[1] = furthest;
        m->beaten = false;
    }
}

/* ---- turning ---- */

static int set_poll(gd_watch *w)
{
    int n = 0;
    w->poll[n++] = (struct pollfd){.fd = w->listener, .events = POLLIN};
    for (int i = 0; i < STRANGERS; i++)
        w->poll[n++] = (struct pollfd){.fd = w->stranger[i].socket > 0 ? w->stranger[i].socket : -1, .events = POLLIN};
    for (int r = 0; r < w->ranks; r++)
        w->poll[n++] = (struct pollfd){.fd = w->member[r].socket, .events = POLLIN};
    return n;
}

static bool has_ended(const gd_watch *w)
{
    for (int r = 0; r < w->ranks; r++) {
        if (!w->member[r].ended)
            return false;
    }
    return !w->verdict.failed && w->suspect < 0;
}

void gd_watch_turn(gd_watch *w, int milliseconds)
{
    int ready = poll(w->poll, (nfds_t)set_poll(w), milliseconds);
    if (gd_seconds() - w->turned > GD_SILENCE_SECONDS)
        w->woke = gd_seconds();
    if (ready > 0 && w->poll[0].revents)
        meet(w);
    for (int i = 0; i < STRANGERS; i++) {
        if (w->stranger[i].socket > 0)
            ask_stranger(w, &w->stranger[i]);
    }
    for (int r = 0; r < w->ranks; r++) {
        member *m = &w->member[r];
        bool holds = m->socket < 0 || gd_lines_receive(&m->lines, m->socket);
        for (const char *line; m->socket >= 0 && (line = gd_lines_next(&m->lines));)
            hear(w, r, line);
        if (!holds)
            lose(w, r);
    }
    double now = gd_seconds();
    if (w->suspect >= 0 && now > w->until)
        blame_rank(w, w->suspect, GD_DEVICE, "%s", w->text);
    miss(w, now);
    compare_steps(w);
    w->turned = now;
    if (now - w->beaten >= GD_BEAT_SECONDS) {
        w->beaten = now;
        tell_all(w, "beat");
    }
    w->verdict.ended = has_ended(w);
}

void gd_watch_stop(gd_watch *w, int signal)
{
    char line[32];
    w->asked = signal;
    snprintf(line, sizeof line, "stop %d", signal);
    tell_all(w, line);
}

bool gd_watch_empty(const gd_watch *w)
{
    for (int r = 0; r < w->ranks; r++) {
        if (w->member[r].socket >= 0 && r != w->own)
            return false;
    }
    return true;
}

void gd_watch_kill(const gd_watch *w)
{
    for (int r = 0; r < w->ranks; r++) {
        if (w->member[r].socket >= 0 && w->member[r].pid > 1)
            kill(w->member[r].pid, SIGKILL);
    }
}
