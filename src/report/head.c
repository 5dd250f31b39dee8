// SPDX-License-Identifier: Apache-2.0
/* The verdict, in one line, then in sentences. */
#include "monitor/alarm.h"
#include "report/page.h"

#include <math.h>
#include <string.h>

typedef enum state { FINE, CHANGED, SILENT } state;

static state state_of(const gd_verdict *v)
{
    return v->n_violations > 0 ? CHANGED : v->too_few || v->items == 0 ? SILENT : FINE;
}

/* What a feature is called where people read. */
static const char *called(gd_page *page, const char *feature)
{
    return strcmp(feature, "features") == 0             ? "what the model sees"
           : strcmp(feature, "estimated_accuracy") == 0 ? "estimated accuracy"
                                                        : gd_html_name(page, feature);
}

/* The least number of values that any column would need; 0: more of them would not help. */
static uint64_t would_do(const gd_verdict *v)
{
    uint64_t least = 0;
    for (int i = 0; i < v->n_columns; i++)
        if (v->column[i].compared == GD_TOO_FEW && v->column[i].least > 0 && (least == 0 || v->column[i].least < least))
            least = v->column[i].least;
    return least;
}

double gd_page_seen(const gd_verdict *v)
{
    return isnan(v->level) || v->tests == 0
               ? NAN
               : gd_anderson_seen(v->level / v->tests, (double)v->baseline_items, (double)v->items);
}

static bool any_few(const gd_verdict *v)
{
    for (int i = 0; i < v->n_columns; i++)
        if (v->column[i].compared == GD_TOO_FEW)
            return true;
    return false;
}

/* Only a change that most pictures take part in would be seen. */
static bool coarse(const gd_verdict *v) { return gd_page_seen(v) > 0.5; }

static void headline(gd_page *page)
{
    enum { NAMED = 3 };
    const gd_verdict *v = page->verdict;
    gd_text *out = page->out;
    if (state_of(v) == FINE)
        gd_text_add(out, coarse(v) ? "Nothing unusual in %s" : "All is well: %s, like the baseline’s",
                    gd_html_counted(page, v->items));
    else if (v->n_violations == 0 && v->items == 0)
        gd_text_add(out, "No %s, so nothing to say", page->items);
    else if (v->n_violations == 0 && !any_few(v))
        gd_text_add(out, "Nothing of these %s can be compared with the baseline", gd_html_counted(page, v->items));
    else if (v->n_violations == 0)
        gd_text_add(out,
                    would_do(v) > 0 ? "Too few %s to say anything: %s; %s would do" : "Too few %s to say anything: %s",
                    page->items, gd_html_count(page, (double)v->items), gd_html_count(page, (double)would_do(v)));
    else {
        gd_text_add(out, v->n_violations == 1 ? "One thing changed: " : "%d things changed: ", v->n_violations);
        for (int i = 0; i < v->n_violations && i < NAMED; i++)
            gd_text_add(out, "%s%s",
                        i == 0                     ? ""
                        : i + 1 == v->n_violations ? " and "
                                                   : ", ",
                        called(page, v->violation[page->finding[i]].feature));
        if (v->n_violations > NAMED)
            gd_text_add(out, " and %d more", v->n_violations - NAMED);
    }
}

/* Of a hundred, as people say it. */
static const char *of_hundred(gd_page *page, double share)
{
    return gd_html_printf(page, "%.*f", 100 * share < 9.5 && 100 * share > 0.05 ? 1 : 0, 100 * share);
}

/* Whether it matters. */
static const char *cost(const gd_verdict *v)
{
    return v->accuracy_alarm                               ? "It costs accuracy"
           : state_of(v) == FINE                           ? "The answers are as good as they were"
           : v->accuracy.high < v->baseline_accuracy.value ? "It may cost accuracy, if that is not chance"
           : v->features_alarm                             ? "As far as the answers tell, it costs no accuracy"
                                                           : "No sign that it costs accuracy";
}

static void lead(gd_page *page)
{
    const double surely = 0.25; /* wider intervals are not told of */
    const gd_verdict *v = page->verdict;
    const gd_estimate *now = &v->accuracy;
    gd_text_add(page->out, "<p class=lead>");
    if (v->n_violations == 0 && coarse(v) && gd_page_seen(v) < 1)
        gd_text_add(page->out, "So few show little: only a change that touches %s of them or more would be seen. ",
                    gd_html_percent(page, gd_page_seen(v)));
    else if (v->n_violations == 0 && coarse(v))
        gd_text_add(page->out, "So few show little: only a change of all of them would be seen. ");
    if (v->accuracy_compared == GD_COMPARED && now->high - now->low < surely) {
        gd_text_add(page->out, "%s: of 100 answers about %s are wrong now, %s were on the baseline.", cost(v),
                    of_hundred(page, 1 - now->value), of_hundred(page, 1 - v->baseline_accuracy.value));
        if (v->features_alarm && !v->accuracy_alarm)
            gd_text_add(page->out, " But it was never tried on %s like these: label a few to know.", page->items);
    }
    gd_text_add(page->out, "</p>\n");
}

static void tile(gd_page *page, const char *name, const char *value, const char *more)
{
    gd_text_add(page->out, "<div><dt>%s<dd><b>%s</b>%s%s%s</div>\n", name, value, *more ? "<small>" : "", more,
                *more ? "</small>" : "");
}

static void period(gd_page *page)
{
    const gd_window *w = page->window;
    const gd_timeline *t = &w->timeline;
    const bool asked = w->from_ms != 0 || w->to_ms != 0;
    const int64_t from = asked ? w->from_ms : t->first_ms, to = asked ? w->to_ms : t->first_ms + t->n * t->width_ms;
    if (asked || t->n > 0)
        tile(page, "From", gd_html_time(page, from), gd_html_printf(page, "to %s UTC", gd_html_time(page, to)));
}

static void tiles(gd_page *page)
{
    const gd_verdict *v = page->verdict;
    const gd_estimate *then = &v->baseline_accuracy;
    int compared = 0, changed = 0;
    for (int i = 0; i < v->n_columns; i++) {
        compared += v->column[i].compared == GD_COMPARED;
        changed += v->column[i].alarm;
    }
    gd_text_add(page->out, "<dl class=tiles>\n");
    tile(page, page->verdict->pictures ? "Pictures" : "Rows", gd_html_count(page, (double)v->items), "in this window");
    period(page);
    tile(page, "Baseline", gd_html_count(page, (double)v->baseline_items), gd_html(page, page->baseline->source, 80));
    if (!isnan(v->accuracy.value) && v->accuracy_compared != GD_NOT_COMPARABLE)
        tile(page, "Estimated accuracy", gd_html_percent(page, v->accuracy.value),
             gd_html_printf(page, "%s to %s; baseline %s", gd_html_percent(page, v->accuracy.low),
                            gd_html_percent(page, v->accuracy.high), gd_html_percent(page, then->value)));
    if (compared > 0)
        tile(page, "Columns changed", gd_html_printf(page, "%d of %d", changed, compared),
             v->n_columns > compared ? gd_html_printf(page, "%d more not compared", v->n_columns - compared)
                                     : "that were compared");
    gd_text_add(page->out, "</dl>\n");
}

static const char *const kinds[GD_VIOLATION_KINDS] = {
    [GD_DATA_TYPE] = "other type",     [GD_COMPLETENESS] = "incomplete", [GD_BASELINE_DRIFT] = "drift",
    [GD_MISSING_COLUMN] = "not there", [GD_EXTRA_COLUMN] = "not known",  [GD_CATEGORICAL_VALUES] = "new values",
};

static int64_t since_of(const gd_page *page, const char *feature)
{
    const char *name = strcmp(feature, "estimated_accuracy") == 0 ? "confidence" : feature;
    for (int i = 0; i < page->verdict->n_columns; i++) {
        const gd_column_verdict *c = &page->verdict->column[i];
        if (c->reference && strcmp(c->reference->name, name) == 0)
            return gd_page_since(page, c);
    }
    return INT64_MIN;
}

static void findings(gd_page *page)
{
    enum { AT_ONCE = 6 };
    const gd_verdict *v = page->verdict;
    if (v->n_violations == 0)
        return;
    gd_text_add(page->out, "<ol class=findings>\n");
    for (int i = 0; i < v->n_violations && i < GD_PAGE_FINDINGS; i++) {
        const gd_violation *x = &v->violation[page->finding[i]];
        if (i == AT_ONCE)
            gd_text_add(page->out, "</ol><details><summary>%d more</summary><ol class=findings>\n",
                        v->n_violations - AT_ONCE);
        gd_text_add(page->out, "<li><h2>%s <span class=\"tag bad\">%s</span></h2><div><p>%s</p>",
                    called(page, x->feature), kinds[x->kind], gd_html(page, x->description, GD_PAGE_WORDS));
        const int64_t since = x->kind == GD_BASELINE_DRIFT ? since_of(page, x->feature) : INT64_MIN;
        if (since != INT64_MIN)
            gd_text_add(page->out,
                        since <= page->window->timeline.first_ms ? "<p class=since>From the window’s start on.</p>"
                                                                 : "<p class=since>Since %s&nbsp;UTC.</p>",
                        gd_html_time(page, since));
        gd_text_add(page->out, "</div>\n");
    }
    gd_text_add(page->out, v->n_violations > AT_ONCE ? "</ol></details>\n" : "</ol>\n");
    if (v->n_violations > GD_PAGE_FINDINGS)
        gd_text_add(page->out, "<p class=note>And %d more, which are in constraint_violations.json.</p>\n",
                    v->n_violations - GD_PAGE_FINDINGS);
}

void gd_page_head(gd_page *page)
{
    static const char *const icons[] = {
        [FINE] = "<path d=\"M6 12.5l4 4 8-9\"/>",
        [CHANGED] = "<path d=\"M12 6v7M12 17v.5\"/>",
        [SILENT] = "<path d=\"M7 12h.1M12 12h.1M17 12h.1\"/>",
    };
    static const char *const classes[] = {[FINE] = "fine", [CHANGED] = "changed", [SILENT] = "silent"};
    const state s = state_of(page->verdict) == FINE && coarse(page->verdict) ? SILENT : state_of(page->verdict);
    gd_text_add(page->out, "<header class=\"card verdict %s\"><p class=title>%s</p>\n", classes[s],
                gd_html(page, page->report->title ? page->report->title : "", 120));
    gd_text_add(page->out, "<h1><svg class=icon viewBox=\"0 0 24 24\" aria-hidden=true>%s</svg><span>", icons[s]);
    headline(page);
    gd_text_add(page->out, "</span></h1>\n");
    lead(page);
    tiles(page);
    findings(page);
    gd_text_add(page->out, "</header>\n");
}
