// SPDX-License-Identifier: Apache-2.0
#include "dist/hosts.h"

#include "base/clock.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* Of a host that is gone the launcher's socket may tell sooner than its ranks', of which more can be said. And who
 * connects says in this time who it is. */
static const double PATIENCE = 1;
static const double OWN_SLEEP = 2; /* seconds between two turns: this process itself was not running */
enum { TURN_MS = 100, NAME_SECONDS = 120 };

typedef struct other {
    int socket; /* -1: not there yet, or gone */
    gd_lines lines;
    char name[256];
    bool cleared;
    double heard; /* 0: it need not say anything yet */
} other;

struct gd_hosts {
    int number, n;
    char name[256], leader[256];
    other *other; /* by number; who follows has one, of who leads, at 0 */
    int signal;
    double beaten, turned;
    bool is_broken; /* one is gone */
    double until;   /* then the watch hears of it; 0: of nothing */
    char why[700];
};

int gd_hosts_count(const gd_hosts *h) { return h->n; }
int gd_hosts_number(const gd_hosts *h) { return h->number; }
const char *gd_hosts_leader(const gd_hosts *h) { return h->leader; }
int gd_hosts_signal(const gd_hosts *h) { return h->signal; }
bool gd_hosts_whole(const gd_hosts *h) { return !h->is_broken; }

static void tell_all(const gd_hosts *h, const char *line)
{
    for (int i = 1; h->number == 0 && i < h->n; i++) {
        if (h->other[i].socket >= 0)
            gd_line_send(h->other[i].socket, "%s", line);
    }
}

static bool is_silent(const other *o, double seconds) { return o->heard > 0 && gd_seconds() - o->heard > seconds; }

/* Takes note of the instant; true: it is time to beat. */
static bool turn(gd_hosts *h, double now)
{
    for (int i = 0; i < h->n && now - h->turned > OWN_SLEEP; i++)
        h->other[i].heard = h->other[i].heard > 0 ? now : 0;
    h->turned = now;
    if (now - h->beaten < GD_BEAT_SECONDS)
        return false;
    h->beaten = now;
    return true;
}

static void hosts_free(gd_hosts *h)
{
    for (int i = 0; i < h->n; i++) {
        if (h->other[i].socket >= 0)
            gd_socket_part(h->other[i].socket);
    }
    free(h->other);
    free(h);
}

void gd_hosts_end(gd_hosts *h, gd_status status, int code, const gd_error *error)
{
    char line[GD_LINE_BYTES];
    if (!h)
        return;
    snprintf(line, sizeof line, "end %d %d %.900s", status, code, status == GD_OK ? "" : error->message);
    tell_all(h, line);
    hosts_free(h);
}

/* ---- meeting ---- */

static gd_status listen_at(int port, int n, int *listener, gd_error *error)
{
    const struct sockaddr_in at = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_ANY)};
    const int on = 1;
    *listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    setsockopt(*listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on); /* after a run that has just ended */
    if (*listener >= 0 && bind(*listener, (const struct sockaddr *)&at, sizeof at) == 0 && listen(*listener, n) == 0)
        return GD_OK;
    int reason = errno;
    if (*listener >= 0)
        close(*listener);
    return gd_fail(error, GD_IO, "cannot wait for the other hosts at port %d: %s (MASTER_PORT names another)", port,
                   strerror(reason));
}

/* A connection's first line. False: it is none of ours. */
static bool welcome(gd_hosts *h, const other *stranger, const char *line, gd_error *error)
{
    long long number;
    const char *rest;
    char version[32];
    int at = 0;
    if (!gd_line_is(line, "host", 1, &number, &rest) || sscanf(rest, "%31s %n", version, &at) != 1 || number < 1 ||
        number >= h->n || h->other[number].socket >= 0)
        return false;
    other *o = &h->other[number];
    *o = *stranger;
    snprintf(o->name, sizeof o->name, "%s", rest + at);
    if (strcmp(version, GRIDDLE_VERSION) != 0)
        gd_fail(error, GD_INVALID, "%s has griddle %s, and %s %s; use one on all hosts", o->name, version, h->name,
                GRIDDLE_VERSION);
    return true;
}

/* One at a time: a host says at once who it is, and who does not is no host. */
static gd_status take_one(gd_hosts *h, int listener, gd_error *error)
{
    other stranger = {.socket = accept(listener, NULL, NULL)};
    const double begun = gd_seconds();
    const char *line = NULL;
    if (stranger.socket < 0)
        return GD_OK;
    gd_socket_tune(stranger.socket);
    while (!(line = gd_lines_next(&stranger.lines)) && gd_seconds() - begun < PATIENCE) {
        struct pollfd ready = {.fd = stranger.socket, .events = POLLIN};
        poll(&ready, 1, TURN_MS);
        if (!gd_lines_receive(&stranger.lines, stranger.socket))
            break;
    }
    gd_error refusal = {0};
    if (!line || !welcome(h, &stranger, line, &refusal))
        close(stranger.socket);
    return refusal.status == GD_OK ? GD_OK : gd_fail(error, refusal.status, "%s", refusal.message);
}

static int missing(const gd_hosts *h)
{
    for (int i = 1; i < h->n; i++) {
        if (h->other[i].socket < 0)
            return i;
    }
    return 0;
}

static gd_status gather(gd_hosts *h, int port, double seconds, gd_error *error)
{
    const double end = gd_seconds() + seconds;
    int listener;
    gd_status status = GD_OK;
    GD_TRY(listen_at(port, h->n, &listener, error));
    while (status == GD_OK && missing(h)) {
        struct pollfd ready = {.fd = listener, .events = POLLIN};
        if (poll(&ready, 1, TURN_MS) > 0)
            status = take_one(h, listener, error);
        if (status == GD_OK && missing(h) && gd_seconds() > end)
            status = gd_fail(error, GD_IO, "host %d of %d, in sorted order, has not come to %s within %g s",
                             missing(h) + 1, h->n, h->name, seconds);
    }
    close(listener);
    return status;
}

static gd_status follow(gd_hosts *h, int port, double seconds, gd_error *error)
{
    const double end = gd_seconds() + seconds;
    char text[16];
    other *o = &h->other[0];
    snprintf(text, sizeof text, "%d", port);
    snprintf(o->name, sizeof o->name, "%s", h->leader);
    while ((o->socket = gd_socket_connect(h->leader, text)) < 0 && gd_seconds() < end)
        nanosleep(&(struct timespec){0, 500000000}, NULL); /* it may have begun later */
    if (o->socket < 0)
        return gd_fail(error, GD_IO, "%s, which leads, does not answer at port %d within %g s", h->leader, port,
                       seconds);
    gd_line_send(o->socket, "host %d %s %s", h->number, GRIDDLE_VERSION, h->name);
    return GD_OK;
}

static void set_environment(const gd_seat *seat)
{
    setenv("GRIDDLE_HOST", seat->host, true);
    if (seat->rank > 0)
        setenv("GRIDDLE_LEADER", seat->leader, true);
    if (seat->interface[0])
        setenv("NCCL_SOCKET_IFNAME", seat->interface, false);
}

gd_status gd_hosts_meet(const gd_seat *seat, double seconds, gd_hosts **hosts, gd_error *error)
{
    gd_hosts *h = calloc(1, sizeof *h);
    *hosts = NULL;
    if (!h || !(h->other = calloc((size_t)seat->ranks, sizeof *h->other))) {
        free(h);
        return gd_fail(error, GD_NOMEM, "out of memory for %d hosts", seat->ranks);
    }
    h->number = seat->rank;
    h->n = seat->ranks;
    snprintf(h->name, sizeof h->name, "%s", seat->host);
    snprintf(h->leader, sizeof h->leader, "%s", seat->leader);
    for (int i = 0; i < h->n; i++)
        h->other[i].socket = -1;
    gd_error why = {0};
    gd_status status = gd_await_name(h->leader, seconds < NAME_SECONDS ? seconds : NAME_SECONDS, &why);
    if (status == GD_OK)
        status = (h->number == 0 ? gather : follow)(h, seat->port, seconds, &why);
    if (status == GD_OK) {
        set_environment(seat);
        *hosts = h;
        return GD_OK;
    }
    gd_hosts_end(h, status, gd_status_exit_code(status), &why);
    return gd_fail(error, status, "%s", why.message);
}

/* ---- preparing ---- */

static const char *next_line(other *o, int milliseconds, bool *gone)
{
    const char *line = gd_lines_next(&o->lines);
    struct pollfd ready = {.fd = o->socket, .events = POLLIN};
    if (line)
        return line;
    poll(&ready, 1, milliseconds);
    bool holds = gd_lines_receive(&o->lines, o->socket);
    line = gd_lines_next(&o->lines);
    *gone = !holds && !line;
    return line;
}

/* NULL: it is gone. */
static const char *await_line(other *o)
{
    const char *line = NULL;
    for (bool gone = false; !line && !gone;)
        line = next_line(o, -1, &gone);
    return line;
}

gd_status gd_hosts_ended(const gd_hosts *h, const char *line, int *code, gd_error *error)
{
    long long number[2];
    const char *text;
    *error = (gd_error){0};
    if (!line || !gd_line_is(line, "end", 2, number, &text)) {
        *code = gd_status_exit_code(GD_DEVICE);
        return gd_fail(error, GD_DEVICE, "%s, which leads the run, is gone; go on with --resume", h->leader);
    }
    *code = (int)number[1];
    if (number[0] == GD_OK)
        return GD_OK;
    return gd_fail(error, (gd_status)number[0], "%s%s", *text ? text : h->leader,
                   *text ? "" : ", which leads, could not prepare the run, and has said why");
}

static gd_status hear_whether_ready(gd_hosts *h, other *o, int ranks, gd_error *error)
{
    long long number;
    const char *line = await_line(o), *text;
    if (line && gd_line_is(line, "ready", 1, &number, NULL)) {
        if (number == ranks)
            return GD_OK;
        return gd_fail(error, GD_INVALID, "%s is to have %d rank%s, and %s %lld: each host needs as many; say --procs",
                       h->name, ranks, ranks == 1 ? "" : "s", o->name, number);
    }
    if (line && gd_line_is(line, "fail", 1, &number, &text))
        return gd_fail(error, (gd_status)number, "%s: %s", o->name, *text ? text : "not prepared; it has said why");
    return gd_fail(error, GD_DEVICE, "the launcher on %s is gone, without a word", o->name);
}

gd_status gd_hosts_prepare(gd_hosts *h, gd_status (*work)(void *argument, int *ranks, gd_error *), void *argument,
                           int *ranks, gd_error *error)
{
    if (h->number == 0) {
        gd_status all = GD_OK;
        GD_TRY(work(argument, ranks, error));
        tell_all(h, "prepare");
        for (int i = 1; i < h->n; i++) { /* none is left waiting, and the first failure counts */
            gd_status one = hear_whether_ready(h, &h->other[i], *ranks, error);
            all = all == GD_OK ? one : all;
        }
        return all;
    }
    other *o = &h->other[0];
    int code;
    const char *line = await_line(o);
    if (!line || !gd_line_is(line, "prepare", 0, NULL, NULL))
        return gd_hosts_ended(h, line, &code, error);
    gd_status status = work(argument, ranks, error);
    if (status == GD_OK) {
        gd_line_send(o->socket, "ready %d", *ranks);
        return GD_OK;
    }
    gd_line_send(o->socket, "fail %d %s", status, error->message);
    return gd_hosts_ended(h, await_line(o), &code, error);
}

/* ---- following ---- */

const char *gd_hosts_hear(gd_hosts *h, int milliseconds, bool *gone)
{
    other *o = &h->other[0];
    const char *line = next_line(o, milliseconds, gone);
    if (turn(h, gd_seconds()))
        gd_line_send(o->socket, "beat");
    if (line && gd_line_is(line, "beat", 0, NULL, NULL)) { /* from now on it does */
        o->heard = gd_seconds();
        line = NULL;
    }
    *gone = *gone || is_silent(o, GD_SILENCE_SECONDS + 1); /* a little more patience than the watch has */
    if (*gone) {
        close(o->socket);
        o->socket = -1;
    }
    return line;
}

void gd_hosts_tell(const gd_hosts *h, const char *word, const char *rest)
{
    gd_line_send(h->other[0].socket, "%s %s", word, rest);
}

/* ---- leading ---- */

void gd_hosts_start(gd_hosts *h, bool resumed, int meeting_port, const char *watch_address)
{
    char line[200];
    h->until = 0;
    for (int i = 1; i < h->n; i++) {
        h->other[i].cleared = false;
        h->other[i].heard = gd_seconds();
    }
    snprintf(line, sizeof line, "start %d %d %s", resumed, meeting_port, watch_address);
    tell_all(h, line);
}

static void suspect(gd_hosts *h, const char *format, ...) GD_PRINTF(2, 3);
static void suspect(gd_hosts *h, const char *format, ...)
{
    va_list arguments;
    if (h->until > 0)
        return;
    h->until = gd_seconds() + PATIENCE;
    va_start(arguments, format);
    vsnprintf(h->why, sizeof h->why, format, arguments);
    va_end(arguments);
}

static void lose(gd_hosts *h, other *o, const char *how)
{
    close(o->socket);
    o->socket = -1;
    h->is_broken = true;
    suspect(h, "the launcher on %s is %s", o->name, how);
}

static void hear(gd_hosts *h, other *o, const char *line, gd_watch *watch)
{
    long long number;
    const char *text;
    o->heard = gd_seconds();
    if (gd_line_is(line, "stop", 1, &number, NULL)) {
        h->signal = h->signal ? h->signal : (int)number; /* the launcher passes it on */
    } else if (gd_line_is(line, "halt", 1, &number, NULL)) {
        gd_watch_blame(watch, GD_STOPPED, "stopped at once, by a second signal to %s; nothing was saved", o->name);
    } else if (gd_line_is(line, "lost", 0, NULL, &text)) {
        suspect(h, "%.400s on %s", text, o->name);
    } else if (gd_line_is(line, "cleared", 0, NULL, NULL)) {
        o->cleared = true;
    }
}

void gd_hosts_turn(gd_hosts *h, gd_watch *watch)
{
    if (turn(h, gd_seconds()))
        tell_all(h, "beat");
    for (int i = 1; i < h->n; i++) {
        other *o = &h->other[i];
        if (o->socket < 0)
            continue;
        bool holds = gd_lines_receive(&o->lines, o->socket);
        for (const char *line; (line = gd_lines_next(&o->lines));)
            hear(h, o, line, watch);
        if (!holds)
            lose(h, o, "gone, without a word");
        else if (is_silent(o, GD_SILENCE_SECONDS))
            lose(h, o, "stuck, without a sign of life");
    }
    if (h->until > 0 && gd_seconds() > h->until && !gd_watch_verdict(watch)->ended)
        gd_watch_blame(watch, GD_DEVICE, "%s", h->why);
}

void gd_hosts_clear(gd_hosts *h, double seconds)
{
    char line[32];
    snprintf(line, sizeof line, "clear %.0f", seconds);
    tell_all(h, line);
}

bool gd_hosts_cleared(const gd_hosts *h)
{
    for (int i = 1; i < h->n; i++) {
        if (h->other[i].socket >= 0 && !h->other[i].cleared)
            return false;
    }
    return true;
}
