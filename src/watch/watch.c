// SPDX-License-Identifier: Apache-2.0
#include "watch/watch.h"

#include "base/clock.h"
#include "base/file.h"
#include "watch/append.h"
#include "watch/folders.h"
#include "watch/window.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { LAST_TRIES_SECONDS = 30 /* that a watch with `once` waits for its alerts */, WEBHOOK_SECONDS = 12 };
enum { FOLDER_BYTES = 2048 /* of its path, so that those of what is in it are short enough */ };

static bool is_stopped(const gd_watching *w) { return w->o->check.stop && *w->o->check.stop; }

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- a turn: all windows that are over ---- */

static gd_status heed_clock(gd_watching *w, int64_t now, gd_error *error)
{
    char here[GD_TIME_TEXT], there[GD_TIME_TEXT];
    int n;
    GD_TRY(gd_history_take_back(&w->history, now, &n, error));
    if (n > 0)
        gd_watching_say(w, "the clock says %s: %d window%s behind that, without pictures, %s taken back",
                        gd_time_text(now, here), n, gd_plural(n), n == 1 ? "is" : "are");
    const gd_watched *last = gd_history_last(&w->history);
    const bool behind = last && last->to_ms > now;
    if (behind && !w->waits)
        gd_watching_say(w, "the clock says %s, and windows up to %s were checked: waiting for the clock",
                        gd_time_text(now, here), gd_time_text(last->to_ms, there));
    w->waits = behind;
    return GD_OK;
}

static int64_t begin_of(const gd_watching *w, int64_t now)
{
    const gd_watched *last = gd_history_last(&w->history);
    return last            ? last->to_ms
           : w->o->from_ms ? w->o->from_ms
                           : gd_period_last(w->o->window_ms, w->o->lag_ms, now).from_ms;
}

/* Whether captures that cannot be read are given up: later, they would be too old, or the window would be left out. */
static bool is_last_try(const gd_watching *w, gd_period period, int64_t now)
{
    const gd_watch_options *o = w->o;
    return now >= period.to_ms + o->patience_ms ||
           gd_periods_over(period.from_ms, o->window_ms, o->lag_ms, now + o->every_ms) > o->catch_up;
}

static gd_status turn(gd_watching *w, gd_error *error)
{
    const int64_t now = now_ms(), length = w->o->window_ms, lag = w->o->lag_ms;
    w->kept_ms = now - w->o->keep_ms;
    GD_TRY(heed_clock(w, now, error));
    const gd_period out = gd_period_left_out(begin_of(w, now), length, lag, now, w->o->catch_up);
    if (out.to_ms > out.from_ms)
        GD_TRY(gd_watching_leave_out(w, out, error));
    for (;;) {
        const gd_period next = gd_period_at(begin_of(w, now), length);
        if (next.to_ms + lag > now)
            break;
        if (is_stopped(w))
            return gd_fail(error, GD_STOPPED, "stopped between two windows");
        GD_TRY(gd_watching_check(w, next, is_last_try(w, next, now), error));
    }
    GD_TRY(gd_history_keep(&w->history, w->kept_ms, error));
    return gd_window_folders_keep(w->o->folder, w->kept_ms, error);
}

/* ---- the whole ---- */

static gd_status look_at_baseline(const gd_watching *w, bool tell, gd_error *error)
{
    gd_baseline *baseline = calloc(1, sizeof *baseline);
    if (!baseline)
        return gd_fail(error, GD_NOMEM, "out of memory for a baseline");
    const gd_status status = gd_baseline_read(w->o->check.baseline, baseline, error);
    if (status == GD_OK && tell)
        gd_watching_say(w, "baseline '%s': %" PRId64 " item%s of %s", w->o->check.baseline, baseline->profile.items,
                        gd_plural(baseline->profile.items), baseline->source);
    gd_baseline_release(baseline);
    free(baseline);
    return status;
}

/* What cannot be written now never could. */
static gd_status try_figures(const gd_watching *w, gd_error *error)
{
    gd_file_draft draft;
    if (w->o->metrics) {
        GD_TRY(gd_file_begin(&draft, w->o->metrics, error));
        gd_file_abandon(&draft);
    }
    return w->o->cloudwatch ? gd_append(w->o->cloudwatch, "", 0, error) : GD_OK;
}

static gd_status open_outboxes(gd_watching *w, gd_error *error)
{
    static const char *const none[] = {NULL};
    gd_outbox_options o = {.folder = w->o->folder, .title = w->o->check.what.read.paths[0], .say = w->o->say};
    if (w->o->webhook) {
        o.channel = "webhook";
        o.words = w->o->webhook;
        o.environment = w->o->secrets;
        o.seconds = WEBHOOK_SECONDS;
        GD_TRY(gd_outbox_open(&o, &w->history, &w->webhook, error));
    }
    if (w->o->command) {
        o.channel = "command";
        o.words = w->o->command;
        o.environment = none;
        o.seconds = w->o->command_seconds;
        GD_TRY(gd_outbox_open(&o, &w->history, &w->command, error));
    }
    return GD_OK;
}

static void pause_for(double seconds)
{
    nanosleep(&(struct timespec){(time_t)seconds, (long)(1e9 * (seconds - (double)(time_t)seconds))}, NULL);
}

/* Until the next look: by the clock on the wall, whatever becomes of it, and a signal. */
static void await_turn(const gd_watching *w)
{
    const int64_t at = (now_ms() / w->o->every_ms + 1) * w->o->every_ms;
    for (int64_t now = now_ms(); now < at && now + 2 * w->o->every_ms > at && !is_stopped(w) && !*w->o->turn;
         now = now_ms())
        pause_for(0.1);
}

/* Once, for as long as it lasts. */
static void say_error(gd_watching *w, const gd_error *why)
{
    char text[sizeof *why + 32], before[sizeof w->said];
    memcpy(before, w->said, sizeof before);
    snprintf(w->said, sizeof w->said, "%s", why->status == GD_OK ? "" : gd_error_text(why, text, sizeof text));
    if (why->status != GD_OK && strcmp(w->said, before) != 0)
        gd_watching_say(w, "%s; trying again", text);
}

static gd_status go_on(gd_watching *w, gd_error *error)
{
    while (!is_stopped(w)) {
        gd_error why = {0};
        const bool asked = *w->o->turn != 0;
        *w->o->turn = 0;
        gd_status status = asked ? look_at_baseline(w, true, &why) : GD_OK;
        if (status == GD_OK)
            status = turn(w, &why);
        if (status != GD_STOPPED) {
            say_error(w, &why);
            await_turn(w);
        }
    }
    return gd_fail(error, GD_STOPPED, "stopped");
}

static gd_status go_once(gd_watching *w, gd_error *error)
{
    const gd_status status = turn(w, error);
    const double end = gd_seconds() + LAST_TRIES_SECONDS;
    while (status != GD_STOPPED && gd_watching_waiting(w) > 0 && gd_seconds() < end && !is_stopped(w))
        pause_for(0.02);
    if (gd_watching_waiting(w) > 0)
        gd_watching_say(
            w, gd_watching_waiting(w) == 1 ? "%d alert waits for the next time" : "%d alerts wait for the next time",
            gd_watching_waiting(w));
    return status;
}

gd_status gd_watch_captures(const gd_watch_options *options, bool *violated, gd_error *error)
{
    gd_watching w = {.o = options, .history = {.lock = -1}};
    gd_status status;
    *violated = false;
    if (strlen(options->folder) > FOLDER_BYTES)
        return gd_fail(error, GD_IO, "the path '%.64s…' has %zu bytes, more than %d: name a shorter one with -o",
                       options->folder, strlen(options->folder), FOLDER_BYTES);
    GD_TRY(look_at_baseline(&w, false, error));
    GD_TRY(try_figures(&w, error));
    GD_TRY_TO(done, gd_history_open(options->folder, &w.history, error));
    GD_TRY_TO(done, open_outboxes(&w, error));
    gd_watching_tell_last(&w);
    status = options->once ? go_once(&w, error) : go_on(&w, error);
done:
    gd_outbox_close(w.webhook);
    gd_outbox_close(w.command);
    if (gd_history_last(&w.history))
        *violated = gd_history_last(&w.history)->violated;
    gd_history_close(&w.history);
    return status;
}
