// SPDX-License-Identifier: Apache-2.0
#include "watch/page.h"

#include "report/page.h"
#include "watch/period.h"

#include <inttypes.h>
#include <math.h>

/* In a reader's words; the class says which colour a tag has. */
static const struct {
    const char *words, *class;
} results[GD_WATCHED_RESULTS] = {{"fine", " good"},   {"violated", " bad"},    {"too few", ""},
                                 {"no pictures", ""}, {"not checked", " bad"}, {"not readable", " bad"},
                                 {"left out", ""}};

/* Beside the report's own style. On a phone, what matters comes first and words need room. */
static const char style[] = "a{color:inherit}td small{font-size:inherit}.wrap{white-space:normal;text-align:left;"
                            "min-width:14rem}@media(max-width:40rem){.end{display:none}}";

/* When the state became what it is; INT64_MIN: that is not known any more. */
static int64_t since(const gd_history *history, const gd_watched *last)
{
    if (last->event == GD_WATCHED_VIOLATION)
        return last->from_ms;
    for (int i = history->n - 1; i >= 0; i--) {
        if (history->window[i].event == GD_WATCHED_VIOLATION)
            return history->window[i].from_ms;
    }
    return INT64_MIN;
}

static void print_state(gd_page *page, const gd_history *history, const gd_watched *last, const char *title)
{
    const int64_t begin = last->violated ? since(history, last) : INT64_MIN;
    gd_text_add(page->out,
                "<!doctype html>\n<html lang=en>\n<meta charset=utf-8>\n"
                "<meta name=viewport content=\"width=device-width, initial-scale=1\">\n"
                "<meta name=color-scheme content=\"light dark\">\n"
                "<meta http-equiv=Content-Security-Policy content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
                "<title>%s: watch</title>\n<style>\n%s%s</style>\n<main>\n",
                gd_html(page, title, 120), gd_page_style, style);
    gd_text_add(page->out, "<section class=\"card verdict %s\"><p class=\"note title\">%s</p><h1>%s%s</h1>",
                last->violated ? "changed" : "fine", gd_html(page, title, 120),
                !last->violated      ? "No alarm"
                : begin == INT64_MIN ? "Alarm"
                                     : "Alarm since ",
                begin == INT64_MIN ? "" : gd_html_time(page, begin));
    gd_text_add(page->out, "<p>Last window: %s</p></section>\n", gd_html(page, last->summary, GD_PAGE_WORDS));
}

static void print_accuracy(gd_page *page, const gd_estimate *accuracy)
{
    if (isnan(accuracy->value))
        gd_text_add(page->out, "<td>–");
    else
        gd_text_add(page->out, "<td>%s <small>%s to %s</small>", gd_html_percent(page, accuracy->value),
                    gd_html_percent(page, accuracy->low), gd_html_percent(page, accuracy->high));
}

static void print_window(gd_page *page, const gd_watched *w, int64_t kept_ms)
{
    char name[GD_TIME_TEXT];
    const bool has_report = w->from_ms >= kept_ms && (w->result == GD_WATCHED_FINE ||
                                                      w->result == GD_WATCHED_VIOLATED || w->result == GD_WATCHED_FEW);
    gd_text_add(page->out, "<tr%s><th>", w->event == GD_WATCHED_VIOLATION ? " class=bad" : "");
    if (has_report)
        gd_text_add(page->out, "<a href=\"%s/report.html\">%s</a>", gd_period_name(w->from_ms, name),
                    gd_html_time(page, w->from_ms));
    else
        gd_text_add(page->out, "%s", gd_html_time(page, w->from_ms));
    gd_text_add(page->out, "<td class=end>%s<td><span class=\"tag%s\">%s</span><td>%s<td>%d",
                gd_html_time(page, w->to_ms), results[w->result].class, results[w->result].words,
                gd_html_count(page, (double)w->pictures), w->violations);
    print_accuracy(page, &w->accuracy);
    gd_text_add(page->out, "<td class=wrap>%s%s</tr>\n",
                w->event == GD_WATCHED_VIOLATION  ? "<b>Alarm.</b> "
                : w->event == GD_WATCHED_RECOVERY ? "<b>Recovered.</b> "
                                                  : "",
                gd_html(page, w->summary, GD_PAGE_WORDS));
}

gd_status gd_watch_page_print(const gd_watch_page *of, gd_text *out, gd_error *error)
{
    gd_page page = {.out = out, .error = error};
    const gd_history *history = of->history;
    const int left = history->n >= GD_WATCH_PAGE_WINDOWS ? history->n - GD_WATCH_PAGE_WINDOWS + 1 : 0;
    const int lines = history->n - left + 1;
    int64_t all = 0;
    for (int i = 0; i < GD_WATCHED_RESULTS; i++)
        all += of->last->totals[i];
    print_state(&page, history, of->last, of->title);
    gd_text_add(out, "<h2>Windows <small>times are UTC</small></h2>\n<div class=\"card scroll\"><table>\n"
                     "<thead><tr><th>from<th class=end>to<th>found<th>pictures<th>violations<th>estimated accuracy"
                     "<th class=wrap>in words</thead>\n<tbody>\n");
    print_window(&page, of->last, of->kept_ms);
    for (int i = history->n - 1; i >= left; i--)
        print_window(&page, &history->window[i], of->kept_ms);
    gd_text_add(out, "</tbody></table></div>\n</main>\n<footer><p>%d line%s of %" PRId64 " window%s</p></footer>\n",
                lines, gd_plural(lines), all, gd_plural(all));
    gd_arena_release(&page.arena);
    return gd_text_status(out, error);
}
