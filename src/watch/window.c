// SPDX-License-Identifier: Apache-2.0
#include "watch/window.h"

#include "base/clock.h"
#include "base/file.h"
#include "captured/files.h"
#include "watch/append.h"
#include "watch/figures.h"
#include "watch/folders.h"
#include "watch/page.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void gd_watching_say(const gd_watching *w, const char *format, ...)
{
    char line[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    w->o->say(line);
}

int gd_watching_waiting(const gd_watching *w) { return gd_outbox_waiting(w->webhook) + gd_outbox_waiting(w->command); }

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
                 "no pictures; of this time or near it, %" PRId64 " line%s no record%s and %" PRId64
                 " file%s cannot be read",
                 read->broken, read->broken == 1 ? " is" : "s are", gd_plural(read->broken), read->unread,
                 gd_plural(read->unread));
    window->result = GD_WATCHED_EMPTY;
    gd_watched_say(window, text);
}

static void take_unreadable(gd_watched *window, const gd_error *why)
{
    char text[sizeof *why + 32], summary[sizeof text + 32];
    snprintf(summary, sizeof summary, "captures cannot be read: %s", gd_error_text(why, text, sizeof text));
    window->result = GD_WATCHED_UNREADABLE;
    gd_watched_say(window, summary);
}

/* A check that failed: what of it is a fact of this window's captures, and will be so the next time. */
static bool take_failure(gd_watched *window, const gd_check *check, const gd_error *why)
{
    const gd_captured_counts *read = &check->captured.read;
    const bool read_all = check->window.to_ms != 0; /* set when captures were read to their end */
    char text[sizeof *why + 32];
    const bool nothing = why->status == GD_FORMAT && read_all && read->records == check->captured.elsewhere;
    if (read->barred > 0 && (nothing || (why->status == GD_IO && !read_all))) {
        take_unreadable(window, &read->barrier);
        return true;
    }
    if (why->status == GD_IO || why->status == GD_NOMEM || why->status == GD_STOPPED) /* which may pass */
        return false;
    if (nothing) {
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

static bool ever_had_pictures(const gd_history *history)
{
    int i = history->n - 1;
    while (i >= 0 && history->window[i].pictures == 0)
        i--;
    return i >= 0;
}

/* INVALID: a folder without any, of this time or another. IO: what cannot be looked into; a folder without any, too,
 * where there were some, as one has that something was mounted on. */
static gd_status find_captures(const gd_watching *w, gd_period period, gd_error *error)
{
    const char *const *paths = w->o->check.what.read.paths;
    gd_files *files = NULL;
    gd_error why = {0};
    const gd_status status = gd_files_open(paths, period.from_ms, period.to_ms, &files, &why);
    gd_files_close(files);
    if (status == GD_INVALID && ever_had_pictures(&w->history))
        return gd_fail(error, GD_IO, "there is nothing left below '%s', where captures were before: is it mounted?",
                       paths[0]);
    *error = why;
    return status;
}

/* The window is to be tried again. */
static gd_status wait_for_captures(gd_period period, const gd_error *why, gd_error *error)
{
    char from[GD_TIME_TEXT], to[GD_TIME_TEXT], text[sizeof *why + 32];
    return gd_fail(error, GD_IO, "captures of %s to %s cannot be read: %s", gd_time_text(period.from_ms, from),
                   gd_time_text(period.to_ms, to), gd_error_text(why, text, sizeof text));
}

/* ---- what follows of it ---- */

static gd_status write_text(const char *path, gd_text *text, gd_error *error)
{
    GD_TRY(gd_text_status(text, error));
    return gd_file_write(path, text->at, text->length, error);
}

static gd_status write_metrics(const gd_watching *w, const gd_watched *window, const gd_check *check, double seconds,
                               gd_error *error)
{
    gd_text text = {0};
    gd_prometheus_print(window, check ? &check->verdict : NULL, seconds, gd_watching_waiting(w), &text);
    if (w->o->endpoint)
        gd_endpoint_tell(w->o->endpoint, &text);
    const gd_status status = w->o->metrics ? write_text(w->o->metrics, &text, error) : GD_OK;
    gd_text_release(&text);
    return status;
}

void gd_watching_tell_last(const gd_watching *w)
{
    const gd_watched *last = gd_history_last(&w->history);
    gd_text text = {0};
    if (!last || !w->o->endpoint)
        return;
    gd_prometheus_print(last, NULL, NAN, gd_watching_waiting(w), &text);
    gd_endpoint_tell(w->o->endpoint, &text);
    gd_text_release(&text);
}

static gd_status write_cloudwatch(const gd_watching *w, const gd_watched *window, const gd_check *check,
                                  gd_error *error)
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

static gd_status write_page(const gd_watching *w, const gd_watched *window, gd_error *error)
{
    char path[4096];
    gd_text page = {0};
    snprintf(path, sizeof path, "%s/index.html", w->o->folder);
    const gd_watch_page of = {&w->history, window, w->o->check.what.read.paths[0], w->kept_ms};
    gd_status status = gd_watch_page_print(&of, &page, error);
    if (status == GD_OK)
        status = write_text(path, &page, error);
    gd_text_release(&page);
    return status;
}

/* For others' dashboards: nothing waits for these, least of all an alarm. */
static void write_figures(const gd_watching *w, const gd_watched *window, const gd_check *check, double seconds)
{
    gd_error lost[2] = {{0}};
    if (w->o->metrics || w->o->endpoint)
        write_metrics(w, window, check, seconds, &lost[0]);
    if (w->o->cloudwatch && check)
        write_cloudwatch(w, window, check, &lost[1]);
    for (int i = 0; i < 2; i++) {
        if (lost[i].status != GD_OK)
            gd_watching_say(w, "%s; the figures of this window are lost", lost[i].message);
    }
}

/* `check` NULL: there was none. */
static gd_status record(gd_watching *w, gd_watched *window, const gd_check *check, double seconds, int64_t windows,
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

static void say_window(const gd_watching *w, const gd_watched *window, double seconds)
{
    char from[GD_TIME_TEXT], to[GD_TIME_TEXT];
    gd_watching_say(w, "%s to %s: %s: %s%s (%.1f s)", gd_time_text(window->from_ms, from),
                    gd_time_text(window->to_ms, to), gd_watched_result_names[window->result], window->summary,
                    window->event == GD_WATCHED_VIOLATION  ? "; ALARM"
                    : window->event == GD_WATCHED_RECOVERY ? "; recovered"
                                                           : "",
                    seconds);
}

/* ---- one window ---- */

/* The check of a window that has captures. `*checked`: there is a verdict. */
static gd_status look_at(const gd_watching *w, gd_period period, bool last, const char *folder, gd_watched *window,
                         gd_check *check, bool *checked, gd_error *error)
{
    gd_check_options o = w->o->check;
    gd_error why = {0};
    o.what.read.from_ms = period.from_ms;
    o.what.read.to_ms = period.to_ms;
    o.out = folder;
    o.checks_per_month = (double)GD_MONTH_MS / (double)w->o->window_ms;
    const gd_status status = gd_check_run(&o, check, &why);
    const gd_captured_counts *read = &check->captured.read;
    if (read->barred > 0 && !last && status != GD_STOPPED && status != GD_NOMEM)
        return wait_for_captures(period, &read->barrier, error);
    *checked = status == GD_OK;
    if (*checked) {
        take_verdict(window, check);
        return GD_OK;
    }
    if (take_failure(window, check, &why))
        return GD_OK;
    *error = why;
    return status;
}

/* As above. */
static gd_status look(const gd_watching *w, gd_period period, bool last, const char *folder, gd_watched *window,
                      gd_check *check, bool *checked, gd_error *error)
{
    gd_error why = {0};
    gd_status status = find_captures(w, period, &why);
    *checked = false;
    if (status == GD_INVALID)
        take_silence(window, &check->captured.read);
    else if (status == GD_IO && last)
        take_unreadable(window, &why);
    else if (status == GD_IO)
        return wait_for_captures(period, &why, error);
    else /* what else there is to say of them, the check says */
        GD_TRY(look_at(w, period, last, folder, window, check, checked, error));
    return GD_OK;
}

gd_status gd_watching_check(gd_watching *w, gd_period period, bool last, gd_error *error)
{
    char folder[4096], name[GD_TIME_TEXT];
    const double begin = gd_seconds();
    gd_watched window = {.from_ms = period.from_ms, .to_ms = period.to_ms, .accuracy = {NAN, NAN, NAN, NAN}};
    gd_check *check = calloc(1, sizeof *check);
    bool checked;
    if (!check)
        return gd_fail(error, GD_NOMEM, "out of memory for a check");
    snprintf(folder, sizeof folder, "%s/%s", w->o->folder, gd_period_name(period.from_ms, name));
    gd_status status = look(w, period, last, folder, &window, check, &checked, error);
    if (!checked)
        gd_window_folder_remove(folder); /* a check makes it before it looks at captures, or made it an earlier time */
    if (status == GD_OK)
        status = record(w, &window, checked ? check : NULL, gd_seconds() - begin, 1, error);
    if (status == GD_OK)
        say_window(w, &window, gd_seconds() - begin);
    gd_check_release(check);
    free(check);
    return status;
}

gd_status gd_watching_leave_out(gd_watching *w, gd_period period, gd_error *error)
{
    char text[GD_WATCHED_SUMMARY];
    const int64_t n = gd_periods_over(period.from_ms, w->o->window_ms, 0, period.to_ms);
    gd_watched window = {.from_ms = period.from_ms,
                         .to_ms = period.to_ms,
                         .result = GD_WATCHED_SKIPPED,
                         .accuracy = {NAN, NAN, NAN, NAN}};
    snprintf(text, sizeof text, "%" PRId64 " window%s left out, as more than %d %s behind (--catch-up)", n,
             gd_plural(n), w->o->catch_up, w->o->catch_up == 1 ? "was" : "were");
    gd_watched_say(&window, text);
    GD_TRY(record(w, &window, NULL, 0, n, error));
    say_window(w, &window, 0);
    return GD_OK;
}
