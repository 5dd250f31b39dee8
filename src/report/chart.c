// SPDX-License-Identifier: Apache-2.0
#include "report/chart.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* Places are whole thousandths of the box; what lies outside is drawn at its border, or a little beyond. */
static int place(const gd_axis *axis, double at)
{
    const double share = (at - axis->low) / (axis->high - axis->low);
    return isfinite(share) ? (int)lrint(1000 * fmin(fmax(share, -0.02), 1.02)) : 0;
}
static int across(const gd_chart *c, double x) { return place(&c->x, x); }
static int down(const gd_chart *c, double y) { return 1000 - place(&c->y, y); }

typedef struct ticks {
    int n;
    double at[GD_TICKS];
    int64_t step_ms;
} ticks;

static ticks ticks_of(const gd_axis *axis)
{
    ticks t = {0};
    if (axis->kind == GD_AXIS_TIME)
        t.n = gd_time_ticks(axis->low, axis->high, axis->ticks, t.at, &t.step_ms);
    else if (axis->kind != GD_AXIS_BARE)
        t.n = gd_ticks(axis->low, axis->high, axis->ticks, t.at);
    return t;
}

void gd_chart_open(const gd_chart *c)
{
    gd_text_add(c->page->out,
                "<div class=\"chart %s\"><div class=plot role=img aria-label=\"%s\">"
                "<svg viewBox=\"0 0 1000 1000\" preserveAspectRatio=none aria-hidden=true>",
                c->class, c->words);
    const ticks y = ticks_of(&c->y), x = ticks_of(&c->x);
    gd_shape_begin(c, "grid");
    for (int i = 0; i < y.n; i++)
        gd_text_add(c->page->out, "M0,%dH1000", down(c, y.at[i]));
    for (int i = 0; i < x.n; i++)
        gd_text_add(c->page->out, "M%d,0V1000", across(c, x.at[i]));
    gd_shape_end(c);
}

/* Digits as the distance of ticks asks for. */
static const char *number_label(const gd_chart *c, const gd_axis *axis, const ticks *t, int i)
{
    if (axis->kind == GD_AXIS_SHARES) {
        const bool whole = t->n < 2 || 100 * (t->at[1] - t->at[0]) > 0.99;
        return gd_html_printf(c->page, "%.*f&nbsp;%%", whole ? 0 : 1, 100 * t->at[i]);
    }
    const double step = t->n > 1 ? t->at[1] - t->at[0] : fabs(t->at[i]), size = fabs(t->at[i]);
    if (size >= 1e6 || (size > 0 && step < 1e-4))
        return gd_html_printf(c->page, "%.3g", t->at[i]);
    const int digits = step > 0 && step < 0.9999 ? (int)ceil(-log10(step) - 1e-6) : 0;
    return digits == 0 ? gd_html_count(c->page, t->at[i]) : gd_html_printf(c->page, "%.*f", digits, t->at[i]);
}

/* "14:00", and below it the day where it is another one than before; of days "3 Jun" and the year; of months likewise.
 */
static const char *time_label(const gd_chart *c, const ticks *t, int i)
{
    const int64_t day = 86400000;
    const time_t now = (time_t)(t->at[i] / 1000), before = i > 0 ? (time_t)(t->at[i - 1] / 1000) : 0;
    struct tm tm, last = {.tm_year = -1};
    if (!gmtime_r(&now, &tm) || (i > 0 && !gmtime_r(&before, &last)))
        return "";
    const char *month = gd_month_names[tm.tm_mon];
    char second[48] = "";
    if (t->step_ms < day) {
        if (tm.tm_yday != last.tm_yday || tm.tm_year != last.tm_year)
            snprintf(second, sizeof second, "<br>%d&nbsp;%s", tm.tm_mday, month);
        return gd_html_printf(c->page, "%02d:%02d%s", tm.tm_hour, tm.tm_min, second);
    }
    if (tm.tm_year != last.tm_year)
        snprintf(second, sizeof second, "<br>%d", tm.tm_year + 1900);
    return t->step_ms < 28 * day ? gd_html_printf(c->page, "%d&nbsp;%s%s", tm.tm_mday, month, second)
                                 : gd_html_printf(c->page, "%s%s", month, second);
}

void gd_chart_labels(const gd_chart *c)
{
    gd_text *out = c->page->out;
    const ticks y = ticks_of(&c->y), x = ticks_of(&c->x);
    gd_text_add(out, "</svg>");
    for (int i = 0; i < y.n && !c->y.unlabelled; i++)
        gd_text_add(out, "<span class=y style=\"top:%.1f%%\">%s</span>", down(c, y.at[i]) / 10.0,
                    number_label(c, &c->y, &y, i));
    for (int i = 0; i < x.n && !c->x.unlabelled; i++)
        gd_text_add(out, "<span class=x style=\"left:%.1f%%\">%s</span>", across(c, x.at[i]) / 10.0,
                    c->x.kind == GD_AXIS_TIME ? time_label(c, &x, i) : number_label(c, &c->x, &x, i));
}

void gd_chart_close(const gd_chart *c) { gd_text_add(c->page->out, "</div></div>\n"); }

void gd_shape_begin(const gd_chart *c, const char *class)
{
    gd_text_add(c->page->out, "<path class=\"%s\" d=\"", class);
}
void gd_shape_move(const gd_chart *c, double x, double y)
{
    gd_text_add(c->page->out, "M%d,%d", across(c, x), down(c, y));
}
void gd_shape_line(const gd_chart *c, double x, double y)
{
    gd_text_add(c->page->out, "L%d,%d", across(c, x), down(c, y));
}
void gd_shape_dot(const gd_chart *c, double x, double y) /* a line of no length: its cap is the dot */
{
    gd_text_add(c->page->out, "M%d,%dh0", across(c, x), down(c, y));
}
void gd_shape_end(const gd_chart *c) { gd_text_add(c->page->out, "\"/>"); }

void gd_shape_segment(const gd_chart *c, const char *class, double x0, double y0, double x1, double y1)
{
    gd_shape_begin(c, class);
    gd_shape_move(c, x0, y0);
    gd_shape_line(c, x1, y1);
    gd_shape_end(c);
}

void gd_shape_box(const gd_chart *c, double x0, double y0, double x1, double y1)
{
    gd_text_add(c->page->out, "M%d,%dH%dV%dH%dZ", across(c, x0), down(c, y0), across(c, x1), down(c, y1),
                across(c, x0));
}

void gd_chart_hint(const gd_chart *c, double from, double to, const char *words)
{
    const int left = across(c, from), width = across(c, to) - left;
    if (width > 0)
        gd_text_add(c->page->out, "<path class=hint d=\"M%d,0h%dv1000h-%dz\"><title>%s</title></path>", left, width,
                    width, words);
}

void gd_chart_word(const gd_chart *c, double x, double y, const char *class, const char *word)
{
    gd_text_add(c->page->out, "<span class=\"%s\" style=\"left:%.1f%%;top:%.1f%%\">%s</span>", class,
                across(c, x) / 10.0, down(c, y) / 10.0, word);
}
