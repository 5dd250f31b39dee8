// SPDX-License-Identifier: Apache-2.0
#include "watch/outbox.h"

#include "base/clock.h"
#include "base/file.h"
#include "captured/time.h"
#include "watch/alert.h"
#include "watch/period.h"
#include "watch/process.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST_PAUSE 300.0

struct gd_outbox {
    gd_outbox_options o;
    char mark[4096];
    pthread_t thread;
    volatile int stop; /* read by the process that is waited for, too */
    pthread_mutex_t lock;
    pthread_cond_t change;

    /* under the lock */
    int n;
    gd_watched alert[GD_OUTBOX_ALERTS]; /* the first one is on its way */
};

/* ---- CHANNEL.sent ---- */

static gd_status write_mark(const gd_outbox *outbox, int64_t ms, gd_error *error)
{
    char time[GD_TIME_TEXT], text[GD_TIME_TEXT + 1];
    snprintf(text, sizeof text, "%s\n", gd_time_text(ms, time));
    return gd_file_write(outbox->mark, text, strlen(text), error);
}

static gd_status read_mark(const gd_outbox *outbox, int64_t *ms, gd_error *error)
{
    gd_arena arena = {0};
    char *text;
    size_t length;
    gd_status status = gd_file_read(outbox->mark, 64, &arena, &text, &length, error);
    if (status == GD_OK && !gd_time_read(text, strcspn(text, "\n"), ms))
        status = gd_fail(error, GD_FORMAT, "'%s' is no time: remove it, and alerts begin with the next", outbox->mark);
    gd_arena_release(&arena);
    return status;
}

/* ---- the thread ---- */

static void take_first(gd_outbox *outbox)
{
    outbox->n--;
    memmove(outbox->alert, outbox->alert + 1, (size_t)outbox->n * sizeof *outbox->alert);
}

static gd_status deliver(const gd_outbox *outbox, const gd_watched *window, gd_error *error)
{
    gd_arena arena = {0};
    gd_alert alert;
    gd_status status =
        gd_alert_make(outbox->o.folder, outbox->o.title, window, outbox->o.environment, &arena, &alert, error);
    if (status == GD_OK)
        status = gd_process_run(&(gd_process){.words = outbox->o.words,
                                              .environment = alert.environment,
                                              .input = alert.body,
                                              .seconds = outbox->o.seconds,
                                              .stop = &outbox->stop},
                                error);
    gd_arena_release(&arena);
    return status;
}

static void say(const gd_outbox *outbox, const gd_watched *window, const char *what, const char *why)
{
    char line[1024], to[GD_TIME_TEXT];
    snprintf(line, sizeof line, "%s: the %s of the window to %s %s%s", outbox->o.channel,
             gd_watched_event_names[window->event], gd_time_text(window->to_ms, to), what, why);
    outbox->o.say(line);
}

static void say_failure(const gd_outbox *outbox, const gd_watched *window, const gd_error *why, double pause)
{
    char text[600];
    snprintf(text, sizeof text, "%s; again in %g s", why->message, pause);
    say(outbox, window, "was not delivered: ", text);
}

static void note_delivery(const gd_outbox *outbox, const gd_watched *window)
{
    gd_error why = {0};
    if (write_mark(outbox, window->to_ms, &why) != GD_OK)
        say(outbox, window, "was delivered, and will be again after a restart: ", why.message);
}

/* Until something changes, or for so many seconds. Under the lock. */
static void await_change(gd_outbox *outbox, double seconds)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += (time_t)seconds;
    pthread_cond_timedwait(&outbox->change, &outbox->lock, &until);
}

static void *run(void *context)
{
    gd_outbox *outbox = context;
    double pause = 0, since = 0;
    pthread_mutex_lock(&outbox->lock);
    while (!outbox->stop) {
        const double left = since + pause - gd_seconds();
        if (outbox->n == 0 || left > 0) {
            await_change(outbox, outbox->n == 0 || left > 3600 ? 3600 : left + 1);
            continue;
        }
        const gd_watched window = outbox->alert[0];
        gd_error why = {0};
        pthread_mutex_unlock(&outbox->lock);
        const gd_status status = deliver(outbox, &window, &why);
        if (status == GD_OK)
            note_delivery(outbox, &window);
        pthread_mutex_lock(&outbox->lock);
        since = gd_seconds();
        pause = status == GD_OK ? 0 : pause == 0 ? 1 : pause * 2 < MOST_PAUSE ? pause * 2 : MOST_PAUSE;
        if (status == GD_OK && outbox->n > 0 && outbox->alert[0].to_ms == window.to_ms)
            take_first(outbox); /* else it was given up while it was on its way */
        else if (status != GD_OK && status != GD_STOPPED)
            say_failure(outbox, &window, &why, pause);
        pthread_cond_broadcast(&outbox->change);
    }
    pthread_mutex_unlock(&outbox->lock);
    return NULL;
}

/* Signals are the main thread's. */
static int start(gd_outbox *outbox)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    const int reason = pthread_create(&outbox->thread, NULL, run, outbox);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return reason;
}

/* ---- */

static void init_change(gd_outbox *outbox)
{
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&outbox->change, &monotonic);
    pthread_condattr_destroy(&monotonic);
}

static gd_status fill(gd_outbox *outbox, const gd_history *history, gd_error *error)
{
    const gd_watched *last = gd_history_last(history);
    int64_t sent;
    if (!gd_file_exists(outbox->mark))
        return write_mark(outbox, last ? last->to_ms : 0, error);
    GD_TRY(read_mark(outbox, &sent, error));
    for (int i = 0; i < history->n; i++) {
        if (history->window[i].event != GD_WATCHED_NOTHING && history->window[i].to_ms > sent)
            gd_outbox_send(outbox, &history->window[i]);
    }
    return GD_OK;
}

gd_status gd_outbox_open(const gd_outbox_options *options, const gd_history *history, gd_outbox **result,
                         gd_error *error)
{
    *result = NULL;
    gd_outbox *outbox = calloc(1, sizeof *outbox);
    if (!outbox)
        return gd_fail(error, GD_NOMEM, "out of memory for alerts");
    outbox->o = *options;
    pthread_mutex_init(&outbox->lock, NULL);
    init_change(outbox);
    gd_status status = GD_OK;
    if ((size_t)snprintf(outbox->mark, sizeof outbox->mark, "%s/%s.sent", options->folder, options->channel) >=
        sizeof outbox->mark)
        status = gd_fail(error, GD_IO, "the path '%.64s…' is too long", options->folder);
    if (status == GD_OK)
        status = fill(outbox, history, error);
    if (status == GD_OK && start(outbox) != 0)
        status = gd_fail(error, GD_NOMEM, "cannot start a thread for alerts");
    if (status == GD_OK) {
        *result = outbox;
        return GD_OK;
    }
    pthread_cond_destroy(&outbox->change);
    pthread_mutex_destroy(&outbox->lock);
    free(outbox);
    return status;
}

void gd_outbox_send(gd_outbox *outbox, const gd_watched *window)
{
    pthread_mutex_lock(&outbox->lock);
    if (outbox->n == GD_OUTBOX_ALERTS) {
        say(outbox, &outbox->alert[0], "is given up: too many wait", "");
        take_first(outbox);
    }
    outbox->alert[outbox->n++] = *window;
    pthread_cond_broadcast(&outbox->change);
    pthread_mutex_unlock(&outbox->lock);
}

int gd_outbox_waiting(gd_outbox *outbox)
{
    if (!outbox)
        return 0;
    pthread_mutex_lock(&outbox->lock);
    const int n = outbox->n;
    pthread_mutex_unlock(&outbox->lock);
    return n;
}

void gd_outbox_close(gd_outbox *outbox)
{
    if (!outbox)
        return;
    pthread_mutex_lock(&outbox->lock);
    outbox->stop = 1;
    pthread_cond_broadcast(&outbox->change);
    pthread_mutex_unlock(&outbox->lock);
    pthread_join(outbox->thread, NULL);
    pthread_cond_destroy(&outbox->change);
    pthread_mutex_destroy(&outbox->lock);
    free(outbox);
}
