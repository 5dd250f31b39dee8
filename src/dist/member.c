// SPDX-License-Identifier: Apache-2.0
#include "dist/member.h"

#include "base/clock.h"
#include "dist/line.h"
#include "dist/watch.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct gd_member {
    gd_member_options options;
    int socket;
    pthread_t thread;
    atomic_llong step;
    pthread_mutex_t lock; /* of what follows */
    bool told, closing;
    int code; /* once told: what the process exits with */
};

/* ---- the end of the process ---- */

/* Other threads may be anywhere, in a sum that will never end, too: nothing is cleaned up. */
static _Noreturn void end(const gd_member *m, int code, const char *why)
{
    m->options.log(m->options.folder, why);
    gd_ranks_forget(m->options.folder);
    _exit(code);
}

/* One rank speaks for all: the watch's own one has the first word, and is the one that cannot have it here. */
static _Noreturn void end_without_watch(const gd_member *m, const char *how)
{
    const gd_member_options *o = &m->options;
    char why[400];
    if (o->among_ranks)
        snprintf(why, sizeof why, "rank 0 on %s %s; rank %d was at step %lld", o->machine_name, how, o->rank,
                 atomic_load(&m->step));
    else
        snprintf(why, sizeof why, "the launcher on %s %s; rank %d was at step %lld", o->machine_name, how, o->rank,
                 atomic_load(&m->step));
    if (o->rank == (o->among_ranks ? 1 : 0))
        fprintf(stderr, "griddle: %s; all ranks end, go on with --resume\n", why);
    end(m, 1, why);
}

/* ---- the thread ---- */

static bool is_set(gd_member *m, const bool *what)
{
    pthread_mutex_lock(&m->lock);
    bool is = *what;
    pthread_mutex_unlock(&m->lock);
    return is;
}

static void set(gd_member *m, bool *what)
{
    pthread_mutex_lock(&m->lock);
    *what = true;
    pthread_mutex_unlock(&m->lock);
}

static void obey(gd_member *m, const char *line)
{
    long long number;
    const char *why;
    if (gd_line_is(line, "stop", 1, &number, NULL)) {
        if (!*m->options.stop)
            *m->options.stop = (int)number;
    } else if (gd_line_is(line, "abort", 1, &number, &why)) {
        end(m, (int)number, why);
    }
}

/* All is said and the watch has gone: what is left is to close the collectives, which may wait for a rank that is gone,
 * too. */
static void await_close(gd_member *m)
{
    enum { TENTHS = 100 };
    for (int i = 0; i < TENTHS && !is_set(m, &m->closing); i++)
        nanosleep(&(struct timespec){0, 100000000}, NULL);
    if (!is_set(m, &m->closing))
        _exit(m->code);
}

static void *beat(void *argument)
{
    gd_member *m = argument;
    gd_lines lines = {0};
    double beaten = 0, heard = gd_seconds(), turned = heard;
    while (!is_set(m, &m->closing)) {
        struct pollfd ready = {.fd = m->socket, .events = POLLIN};
        if (gd_seconds() - beaten >= GD_BEAT_SECONDS) {
            beaten = gd_seconds();
            gd_line_send(m->socket, "beat %lld", atomic_load(&m->step));
        }
        poll(&ready, 1, (int)(GD_BEAT_SECONDS * 200));
        double now = gd_seconds();
        bool holds = gd_lines_receive(&lines, m->socket);
        for (const char *line; (line = gd_lines_next(&lines)); heard = now)
            obey(m, line);
        if (!holds && is_set(m, &m->told)) {
            await_close(m);
            return NULL;
        }
        if (!holds)
            end_without_watch(m, "is gone");
        if (now - turned > 2) /* this process itself slept */
            heard = now;
        turned = now;
        /* a little more patience than the watch has, which knows more */
        if (m->options.among_ranks && now - heard > GD_SILENCE_SECONDS + 1)
            end_without_watch(m, "is stuck, without a sign of life");
    }
    return NULL;
}

/* ---- */

static gd_status reach(gd_member *m, char token[33], gd_error *error)
{
    const gd_member_options *o = &m->options;
    char port[16];
    if (sscanf(o->address, "%15s %32s", port, token) != 2)
        return gd_fail(error, GD_INVALID, "'%s' is no address of a watch", o->address);
    m->socket = gd_socket_connect(o->machine, port);
    if (m->socket < 0)
        return gd_fail(error, GD_IO, "rank %d on %s cannot reach the watch at port %s of '%s'", o->rank, o->host, port,
                       o->machine);
    return GD_OK;
}

static bool start_thread(gd_member *m)
{
    sigset_t all, before;
    sigfillset(&all); /* signals are the main thread's */
    pthread_sigmask(SIG_BLOCK, &all, &before);
    bool started = pthread_create(&m->thread, NULL, beat, m) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return started;
}

gd_status gd_member_open(const gd_member_options *options, gd_member **member, gd_error *error)
{
    gd_member *m = calloc(1, sizeof *m);
    char token[33];
    *member = NULL;
    if (!m)
        return gd_fail(error, GD_NOMEM, "out of memory");
    m->options = *options;
    gd_status status = reach(m, token, error);
    if (status != GD_OK) {
        free(m);
        return status;
    }
    pthread_mutex_init(&m->lock, NULL);
    gd_line_send(m->socket, "hello %d %d %s %s %s", options->rank, (int)getpid(), token, GRIDDLE_VERSION,
                 options->host);
    if (!start_thread(m)) {
        close(m->socket);
        free(m);
        return gd_fail(error, GD_NOMEM, "cannot start a thread");
    }
    *member = m;
    return GD_OK;
}

void gd_member_begin(gd_member *m, int64_t step)
{
    gd_member_step(m, step);
    if (m)
        gd_line_send(m->socket, "begin %lld", (long long)step);
}

void gd_member_step(gd_member *m, int64_t step)
{
    if (m)
        atomic_store(&m->step, step);
}

void gd_member_tell(gd_member *m, gd_status status, int code, const gd_error *error)
{
    if (!m)
        return;
    if (status != GD_OK && status != GD_STOPPED) {
        gd_line_send(m->socket, "fail %d %d %s", status, code, error->message);
        pthread_join(m->thread, NULL); /* it ends the process when the watch has answered, or is gone */
    }
    m->code = code;
    set(m, &m->told);
    if (status == GD_STOPPED)
        gd_line_send(m->socket, "stopped %d %s", code, error->message);
    else
        gd_line_send(m->socket, "done");
}

void gd_member_close(gd_member *m)
{
    if (!m)
        return;
    set(m, &m->closing);
    pthread_join(m->thread, NULL);
    gd_socket_part(m->socket);
    pthread_mutex_destroy(&m->lock);
    free(m);
}
