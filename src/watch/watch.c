// SPDX-License-Identifier: Apache-2.0
#include "watch/watch.h"

#include "base/clock.h"
#include "base/file.h"
#include "captured/files.h"
#include "watch/append.h"
#include "watch/figures.h"
#include "watch/folders.h"
#include "watch/outbox.h"
#include "watch/page.h"
#include "watch/period.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LAST_TRIES_SECONDS = 30 /* that a watch with `once` waits for its alerts */, WEBHOOK_SECONDS = 12 };

typedef struct watch {
    const gd_watch_options *o;
    gd_history history;
    gd_outbox *webhook, *command;
    bool waits; /* it was said that the clock is behind the history */
} watch;

static bool is_stopped(const watch *w) { return w->o->check.stop && *w->o->check.stop; }

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void say(const watch *w, const char *format, ...) GD_PRINTF(2, 3);
static void say(const watch *w, const char *format, ...)
{
    char line[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    w->o->say(line);
}

static int waiting(const watch *w) { return gd_outbox_waiting(w->webhook) + gd_outbox_waiting(w->command); }

/* ---- what a check says ---- */

static double rounded(double share) { return round(share * 1e6) / 1e6; } /* what the history's line has */

static void take_verdict(gd_watched *window, gd_check *check)
{
    const gd_verdict *v = &check->verdict;
    const char *summary = gd_verdict_summary(v, &check->arena);
    window->result = v->n_violations > 0 ? GD_WATCHED_VIOLATED : v->too_few ? GD_WATCHED_FEW : GD_WATCHED_FINE;
    window->pictures = v->items;
    window->violations = v->n_violations;
    window->accuracy =
        (gd_estimate){rounded(v->accuracy.value), NAN, rounded(v->accuracy.low), rounded(v->accuracy.high)};
    gd_watched_say(window, summary ? summary : "");
}

/* Nobody asked; or what was asked cannot be read, and does not say when it was. */
static void take_silence(gd_watched *window, const gd_captured_counts *read)
{
    char text[GD_WATCHED_SUMMARY] = "no pictures";
    if (read->broken > 0 || read->unread > 0)
        snprintf(text, sizeof text,
                 "no pictures; of this time or near it, %" PRId64 " lines are no records and %" PRId64
                 " files cannot be read",
                 read->broken, read->unread);
    window->result = GD_WATCHED_EMPTY;
    gd_watched_say(window, text);
}

/* A check that failed: what of it is a fact of this window's captures, and will be so the next time. */
static bool take_failure(gd_watched *window, const gd_check *check, const gd_error *why)
{
    const gd_captured_counts *read = &check->captured.read;
    const bool read_all = check->window.to_ms != 0; /* set when captures were read to their end */
    char text[sizeof *why + 32];
    if (why->status == GD_IO || why->status == GD_NOMEM || why->status == GD_STOPPED) /* which may pass */
        return false;
    if (why->status == GD_FORMAT && read_all && read->records == check->captured.elsewhere) {
        take_silence(window, read);
        return true;
    }
    if (read->lines == 0) /* nothing was read: the baseline or the model it is */
        return false;
    window->result = GD_WATCHED_FAILED;
    window->pictures = check->window.profile.items;
    gd_watched_say(window, gd_error_text(why, text, sizeof text));
    return true;
}

static bool has_captures(const watch *w, gd_period period)
{
    gd_files *files = NULL;
    const gd_status status = gd_files_open(w->o->check.what.read.paths, period.from_ms, period.to_ms, &files, NULL);
    gd_files_close(files);
    return status != GD_INVALID; /* which is a folder without any; all else is the check's to say */
}

/* ---- what follows of it ---- */

static gd_status write_text(const char *path, gd_text *text, gd_error *error)
{
    GD_TRY(gd_text_status(text, error));
    return gd_file_write(path, text->at, text->length, error);
}

static gd_status write_metrics(const watch *w, const gd_watched *window, const gd_check *check, double seconds,
                               gd_error *error)
{
    gd_text text = {0};
    gd_prometheus_print(window, check ? &check->verdict : NULL, seconds, waiting(w), &text);
    const gd_status status = write_text(w->o->metrics, &text, error);
    gd_text_release(&text);
    return status;
}

static gd_status write_cloudwatch(const watch *w, const gd_watched *window, const gd_check *check, gd_error *error)
{
    const char *slash = strrchr(w->o->folder, '/');
    const gd_cloudwatch of = {.endpoint = check->captured.endpoint[0] ? check->captured.endpoint : "griddle",
                              .schedule = slash && slash[1] ? slash + 1 : w->o->folder,
                              .time_ms = window->to_ms};
    gd_text lines = {0};
    gd_cloudwatch_print(&of, &check->verdict, &lines);
    gd_status status = gd_text_status(&lines, error);
    if (status == GD_OK && lines.length > 0)
        status = gd_append(w->o->cloudwatch, lines.at, lines.length, error);
    gd_text_release(&lines);
    return status;
}

static gd_status write_page(const watch *w, const gd_watched *window, gd_error *error)
{
    char path[4096];
    gd_text page = {0};
    snprintf(path, sizeof path, "%s/index.html", w->o->folder);
    gd_status status = gd_watch_page_print(&w->history, window, w->o->check.what.read.paths[0], &page, error);
    if (status == GD_OK)
        status = write_text(path, &page, error);
    gd_text_release(&page);
    return status;
}

/* For others' dashboards: nothing waits for these, least of all an alarm. */
static void write_figures(const watch *w, const gd_watched *window, const gd_check *check, double seconds)
{
    gd_error lost[2] = {{0}};
    if (w->o->metrics)
        write_metrics(w, window, check, seconds, &lost[0]);
    if (w->o->cloudwatch && check)
        write_cloudwatch(w, window, check, &lost[1]);
    for (int i = 0; i < 2; i++) {
        if (lost[i].status != GD_OK)
            say(w, "%s; the figures of this window are lost", lost[i].message);
    }
}

/* `check` NULL: there was none. */
static gd_status record(watch *w, gd_watched *window, const gd_check *check, double seconds, int64_t windows,
                        gd_error *error)
{
    gd_watched_follow(window, gd_history_last(&w->history), w->o->violate_after, w->o->recover_after, windows);
    write_figures(w, window, check, seconds);
    GD_TRY(write_page(w, window, error));
    GD_TRY(gd_history_append(&w->history, window, error));
    if (window->event != GD_WATCHED_NOTHING && w->webhook)
        gd_outbox_send(w->webhook, window);
    if (window->event != GD_WATCHED_NOTHING && w->command)
        gd_outbox_send(w->command, window);
    return GD_OK;
}

static void say_window(const watch *w, const gd_watched *window, double seconds)
{
    char from[GD_TIME_TEXT], to[GD_TIME_TEXT];
    say(w, "%s to %s: %s: %s%s (%.1f s)", gd_time_text(window->from_ms, from), gd_time_text(window->to_ms, to),
        gd_watched_result_names[window->result], window->summary,
        window->event == GD_WATCHED_VIOLATION  ? "; ALARM"
        : window->event == GD_WATCHED_RECOVERY ? "; recovered"
                                               : "",
        seconds);
}

/* ---- one window ---- */

static gd_status check_window(watch *w, gd_period period, gd_error *error)
{
    char folder[4096], name[GD_TIME_TEXT];
    const double begin = gd_seconds();
    gd_watched window = {.from_ms = period.from_ms, .to_ms = period.to_ms, .accuracy = {NAN, NAN, NAN, NAN}};
    gd_check *check = calloc(1, sizeof *check);
    gd_check_options o = w->o->check;
    gd_error why = {0};
    gd_status status = GD_OK;
    bool checked = false;
    if (!check)
        return gd_fail(error, GD_NOMEM, "out of memory for a check");
    snprintf(folder, sizeof folder, "%s/%s", w->o->folder, gd_period_name(period.from_ms, name));
    o.what.read.from_ms = period.from_ms;
    o.what.read.to_ms = period.to_ms;
    o.out = folder;
    o.checks_per_month = (double)GD_MONTH_MS / (double)w->o->window_ms;
    if (!has_captures(w, period)) {
        take_silence(&window, &check->captured.read);
    } else {
        status = gd_check_run(&o, check, &why);
        checked = status == GD_OK;
        if (checked)
            take_verdict(&window, check);
        else if (take_failure(&window, check, &why))
            status = GD_OK;
    }
    if (status == GD_OK && !checked)
        gd_window_folder_remove(folder); /* it was made before the captures were looked at */
    if (status == GD_OK)
        status = record(w, &window, checked ? check : NULL, gd_seconds() - begin, 1, error);
    else
        *error = why;
    if (status == GD_OK)
        say_window(w, &window, gd_seconds() - begin);
    gd_check_release(check);
    free(check);
    return status;
}

static gd_status leave_out(watch *w, gd_period period, gd_error *error)
{
    char text[GD_WATCHED_SUMMARY];
    const int64_t n = gd_periods_over(period.from_ms, w->o->window_ms, 0, period.to_ms);
    gd_watched window = {.from_ms = period.from_ms,
                         .to_ms = period.to_ms,
                         .result = GD_WATCHED_SKIPPED,
                         .accuracy = {NAN, NAN, NAN, NAN}};
    snprintf(text, sizeof text, "%" PRId64 " windows left out, as more than %d were behind (--catch-up)", n,
             w->o->catch_up);
    gd_watched_say(&window, text);
    GD_TRY(record(w, &window, NULL, 0, n, error));
    say_window(w, &window, 0);
    return GD_OK;
}

/* ---- a turn: all windows that are over ---- */

static gd_status heed_clock(watch *w, int64_t now, gd_error *error)
{
    char here[GD_TIME_TEXT], there[GD_TIME_TEXT];
    int n;
    GD_TRY(gd_history_take_back(&w->history, now, &n, error));
    if (n > 0)
        say(w, "the clock says %s: %d windows behind that, without pictures, are taken back", gd_time_text(now, here),
            n);
    const gd_watched *last = gd_history_last(&w->history);
    const bool behind = last && last->to_ms > now;
    if (behind && !w->waits)
        say(w, "the clock says %s, and windows up to %s were checked: waiting for the clock", gd_time_text(now, here),
            gd_time_text(last->to_ms, there));
    w->waits = behind;
    return GD_OK;
}

static int64_t begin_of(const watch *w, int64_t now)
{
    const gd_watched *last = gd_history_last(&w->history);
    return last            ? last->to_ms
           : w->o->from_ms ? w->o->from_ms
                           : gd_period_last(w->o->window_ms, w->o->lag_ms, now).from_ms;
}

static gd_status turn(watch *w, gd_error *error)
{
    const int64_t now = now_ms(), length = w->o->window_ms, lag = w->o->lag_ms;
    GD_TRY(heed_clock(w, now, error));
    const gd_period out = gd_period_left_out(begin_of(w, now), length, lag, now, w->o->catch_up);
    if (out.to_ms > out.from_ms)
        GD_TRY(leave_out(w, out, error));
    for (;;) {
        const gd_period next = gd_period_at(begin_of(w, now), length);
        if (next.to_ms + lag > now)
            break;
        if (is_stopped(w))
            return gd_fail(error, GD_STOPPED, "stopped between two windows");
        GD_TRY(check_window(w, next, error));
    }
    GD_TRY(gd_history_keep(&w->history, now - w->o->keep_ms, error));
    return gd_window_folders_keep(w->o->folder, now - w->o->keep_ms, error);
}

/* ---- the whole ---- */

static gd_status look_at_baseline(const watch *w, bool tell, gd_error *error)
{
    gd_baseline *baseline = calloc(1, sizeof *baseline);
    if (!baseline)
        return gd_fail(error, GD_NOMEM, "out of memory for a baseline");
    const gd_status status = gd_baseline_read(w->o->check.baseline, baseline, error);
    if (status == GD_OK && tell)
        say(w, "baseline '%s': %" PRId64 " items of %s", w->o->check.baseline, baseline->profile.items,
            baseline->source);
    gd_baseline_release(baseline);
    free(baseline);
    return status;
}

/* What cannot be written now never could. */
static gd_status try_figures(const watch *w, gd_error *error)
{
    gd_file_draft draft;
    if (w->o->metrics) {
        GD_TRY(gd_file_begin(&draft, w->o->metrics, error));
        gd_file_abandon(&draft);
    }
    return w->o->cloudwatch ? gd_append(w->o->cloudwatch, "", 0, error) : GD_OK;
}

static gd_status open_outboxes(watch *w, gd_error *error)
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
static void await_turn(const watch *w)
{
    const int64_t at = (now_ms() / w->o->every_ms + 1) * w->o->every_ms;
    for (int64_t now = now_ms(); now < at && now + 2 * w->o->every_ms > at && !is_stopped(w) && !*w->o->turn;
         now = now_ms())
        pause_for(0.1);
}

static void say_error(const watch *w, const gd_error *why)
{
    char text[sizeof *why + 32];
    say(w, "%s; trying again", gd_error_text(why, text, sizeof text));
}

static gd_status go_on(watch *w, gd_error *error)
{
    while (!is_stopped(w)) {
        gd_error why = {0};
        const bool asked = *w->o->turn != 0;
        *w->o->turn = 0;
        gd_status status = asked ? look_at_baseline(w, true, &why) : GD_OK;
        if (status == GD_OK)
            status = turn(w, &why);
        if (status != GD_OK && status != GD_STOPPED)
            say_error(w, &why);
        if (status != GD_STOPPED)
            await_turn(w);
    }
    return gd_fail(error, GD_STOPPED, "stopped");
}

static gd_status go_once(watch *w, gd_error *error)
{
    const gd_status status = turn(w, error);
    const double end = gd_seconds() + LAST_TRIES_SECONDS;
    while (status != GD_STOPPED && waiting(w) > 0 && gd_seconds() < end && !is_stopped(w))
        pause_for(0.02);
    if (waiting(w) > 0)
        say(w, "%d alerts wait for the next time", waiting(w));
    return status;
}

gd_status gd_watch_captures(const gd_watch_options *options, bool *violated, gd_error *error)
{
    watch w = {.o = options, .history = {.lock = -1}};
    gd_status status;
    *violated = false;
    if (strlen(options->folder) > 2048)
        return gd_fail(error, GD_IO, "the path '%.64s…' is too long", options->folder);
    GD_TRY(look_at_baseline(&w, false, error));
    GD_TRY(try_figures(&w, error));
    GD_TRY_TO(done, gd_history_open(options->folder, &w.history, error));
    GD_TRY_TO(done, open_outboxes(&w, error));
    status = options->once ? go_once(&w, error) : go_on(&w, error);
done:
    gd_outbox_close(w.webhook);
    gd_outbox_close(w.command);
    if (gd_history_last(&w.history))
        *violated = gd_history_last(&w.history)->violated;
    gd_history_close(&w.history);
    return status;
}
