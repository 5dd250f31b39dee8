// SPDX-License-Identifier: Apache-2.0
#include "report/chart.h"

#include <math.h>
#include <string.h>

enum {
    FEW = 10,  /* pictures in a slot: fewer are dots, as they have no quantiles worth a band */
    MANY = 40, /* on average: with fewer, slots are put together */
    BANDS = 7, /* classes told apart by colour and letter; all others are the last band */
    WORTH = 60 /* thousandths of the height that a band's letter needs */
};

static double slot_from(const gd_timeline *t, int i) { return (double)(t->first_ms + i * t->width_ms); }

static gd_axis time_axis(const gd_timeline *t, bool labelled)
{
    return (gd_axis){GD_AXIS_TIME, slot_from(t, 0), slot_from(t, t->n), 5, !labelled};
}

static double below(const gd_time_slot *slot, double threshold)
{
    double all = 0, under = 0;
    for (int b = 0; b < GD_TIMELINE_CONFIDENCES; b++) {
        const double low = (double)b / GD_TIMELINE_CONFIDENCES, width = 1.0 / GD_TIMELINE_CONFIDENCES;
        all += slot->confidence[b];
        under += slot->confidence[b] * fmin(fmax((threshold - low) / width, 0), 1);
    }
    return under / all;
}

static uint64_t answers(const gd_time_slot *slot)
{
    uint64_t n = 0;
    for (int b = 0; b < GD_TIMELINE_CONFIDENCES; b++)
        n += slot->confidence[b];
    return n;
}

static void merge_slot(gd_time_slot *to, const gd_time_slot *from)
{
    to->items += from->items;
    for (int b = 0; b < GD_TIMELINE_CONFIDENCES; b++)
        to->confidence[b] += from->confidence[b];
    for (int c = 0; c <= GD_TIMELINE_CLASSES; c++)
        to->class[c] += from->class[c];
}

/* Slots of twice the width, which begin at its multiples: of confidences and classes, which is what is drawn. */
static void halve(gd_timeline *t)
{
    const int odd = (int)(t->first_ms / t->width_ms % 2 != 0), n = (t->n + odd + 1) / 2;
    const gd_timeline from = *t;
    memset(t->slot, 0, sizeof t->slot);
    for (int i = 0; i < from.n; i++)
        merge_slot(&t->slot[(i + odd) / 2], &from.slot[i]);
    t->first_ms -= odd * t->width_ms;
    t->width_ms *= 2;
    t->n = n;
}

/* ---- confidence ---- */

static void few_dots(const gd_chart *c, const gd_timeline *t)
{
    gd_shape_begin(c, "dots few");
    for (int i = 0; i < t->n; i++) {
        if (answers(&t->slot[i]) >= FEW)
            continue;
        for (int b = 0; b < GD_TIMELINE_CONFIDENCES; b++)
            if (t->slot[i].confidence[b] > 0)
                gd_shape_dot(c, slot_from(t, i) + 0.5 * (double)t->width_ms, (b + 0.5) / GD_TIMELINE_CONFIDENCES);
    }
    gd_shape_end(c);
}

static void band(const gd_chart *c, const gd_timeline *t)
{
    gd_shape_begin(c, "band now");
    for (int i = 0; i < t->n; i++)
        if (answers(&t->slot[i]) >= FEW)
            gd_shape_box(c, slot_from(t, i), gd_time_slot_quantile(&t->slot[i], 0.1), slot_from(t, i + 1),
                         gd_time_slot_quantile(&t->slot[i], 0.9));
    gd_shape_end(c);
}

static void medians(const gd_chart *c, const gd_timeline *t)
{
    bool drawn = false;
    gd_shape_begin(c, "line now");
    for (int i = 0; i < t->n; i++) {
        const bool enough = answers(&t->slot[i]) >= FEW;
        if (enough) {
            const double y = gd_time_slot_quantile(&t->slot[i], 0.5);
            (drawn ? gd_shape_line : gd_shape_move)(c, slot_from(t, i), y);
            gd_shape_line(c, slot_from(t, i + 1), y);
        }
        drawn = enough;
    }
    gd_shape_end(c);
}

static void confidence_hints(const gd_chart *c, const gd_timeline *t)
{
    gd_page *p = c->page;
    for (int i = 0; i < t->n; i++) {
        const gd_time_slot *slot = &t->slot[i];
        if (answers(slot) > 0)
            gd_chart_hint(c, slot_from(t, i), slot_from(t, i + 1),
                          gd_html_printf(p, "%s: median %.2f, 10–90&nbsp;%% %.2f–%.2f, %s",
                                         gd_html_time(p, (int64_t)slot_from(t, i)), gd_time_slot_quantile(slot, 0.5),
                                         gd_time_slot_quantile(slot, 0.1), gd_time_slot_quantile(slot, 0.9),
                                         gd_html_counted(p, slot->items)));
    }
}

static double baseline_median(const gd_page *page, gd_error *error)
{
    const gd_column *column = gd_profile_column(&page->baseline->profile, "confidence");
    gd_sample sample;
    if (!column || !column->sketch || gd_sample_of_sketch(&sample, column->sketch, error) != GD_OK)
        return NAN;
    const double median = gd_sample_quantile(&sample, 0.5);
    gd_sample_release(&sample);
    return median;
}

static void confidence_chart(gd_page *page, const gd_timeline *t, double median)
{
    const double threshold = page->report->threshold;
    const gd_chart c = {
        .page = page,
        .x = time_axis(t, false),
        .y = {GD_AXIS_SHARES, 0, 1, 5},
        .class = "tall bare",
        .words = "Confidence of the answers over time: median and the middle 80 percent of each slot",
    };
    gd_chart_open(&c);
    band(&c, t);
    if (!isnan(median))
        gd_shape_segment(&c, "line base", c.x.low, median, c.x.high, median);
    if (!isnan(threshold))
        gd_shape_segment(&c, "line limit", c.x.low, threshold, c.x.high, threshold);
    medians(&c, t);
    few_dots(&c, t);
    confidence_hints(&c, t);
    gd_chart_labels(&c);
    gd_chart_close(&c);
}

/* Bars, a slot each: the share below the threshold, or pictures. */
static void bars(gd_page *page, const gd_timeline *t, const char *title, const char *words, double threshold)
{
    double most = 0;
    for (int i = 0; i < t->n; i++)
        most = fmax(most, isnan(threshold) ? (double)t->slot[i].items
                                           : (answers(&t->slot[i]) > 0 ? below(&t->slot[i], threshold) : 0));
    const gd_chart c = {
        .page = page,
        .x = time_axis(t, isnan(threshold)),
        .y = {isnan(threshold) ? GD_AXIS_NUMBERS : GD_AXIS_SHARES, 0, gd_nice_above(most), 2},
        .class = "low",
        .words = words,
    };
    gd_text_add(page->out, "<h4>%s</h4>", title);
    gd_chart_open(&c);
    gd_shape_begin(&c, isnan(threshold) ? "fill count" : "fill now");
    for (int i = 0; i < t->n; i++) {
        const double y = isnan(threshold) ? (double)t->slot[i].items : below(&t->slot[i], threshold);
        if (y > 0) /* NaN is not */
            gd_shape_box(&c, slot_from(t, i) + 0.1 * (double)t->width_ms, 0, slot_from(t, i + 1), y);
    }
    gd_shape_end(&c);
    gd_chart_labels(&c);
    gd_chart_close(&c);
}

static void confidence(gd_page *page, const gd_timeline *t)
{
    const double threshold = page->report->threshold, median = baseline_median(page, page->error);
    gd_text_add(page->out,
                "<section class=\"card\"><h3>How sure the answers are</h3>\n<ul class=legend>"
                "<li><i class=\"key line now\"></i>median<li><i class=\"key band now\"></i>middle 80&nbsp;%%");
    if (!isnan(median))
        gd_text_add(page->out, "<li><i class=\"key line base\"></i>baseline’s median %s",
                    gd_html_percent(page, median));
    if (!isnan(threshold))
        gd_text_add(page->out, "<li><i class=\"key line limit\"></i>threshold %s", gd_html_percent(page, threshold));
    gd_text_add(page->out, "</ul>\n");
    confidence_chart(page, t, median);
    if (!isnan(threshold))
        bars(page, t, "Below the threshold", "Share of answers below the threshold over time", threshold);
    bars(page, t, page->verdict->pictures ? "Pictures" : "Rows", "How many came over time", NAN);
    gd_text_add(page->out, "</section>\n");
}

/* ---- classes ---- */

typedef struct mix {
    int n;             /* bands, that of all others last */
    int of[BANDS + 1]; /* place among the timeline's classes */
    double all[BANDS + 1], total;
} mix;

/* The most frequent of the classes that have a count of their own, by falling number. */
static mix mix_of(const gd_timeline *t)
{
    mix m = {0};
    double count[GD_TIMELINE_CLASSES + 1] = {0};
    bool taken[GD_TIMELINE_CLASSES] = {false};
    for (int i = 0; i < t->n; i++)
        for (int c = 0; c <= GD_TIMELINE_CLASSES; c++) {
            count[c] += t->slot[i].class[c];
            m.total += t->slot[i].class[c];
        }
    double others = m.total;
    while (m.n < BANDS) {
        int best = -1;
        for (int c = 0; c < t->n_classes; c++)
            if (!taken[c] && count[c] > 0 && (best < 0 || count[c] > count[best]))
                best = c;
        if (best < 0)
            break;
        taken[best] = true;
        m.of[m.n] = best;
        others -= m.all[m.n++] = count[best];
    }
    if (others > 0) {
        m.of[m.n] = -1;
        m.all[m.n++] = others;
    }
    return m;
}

/* Where band k of a slot lies, as shares from below; false: it has no answers. */
static bool band_at(const gd_time_slot *slot, const mix *m, int k, double *low, double *high)
{
    double all = 0, under = 0, own = 0;
    for (int c = 0; c <= GD_TIMELINE_CLASSES; c++)
        all += slot->class[c];
    for (int j = 0; j <= k; j++) {
        own = all - under;
        if (m->of[j] >= 0)
            own = slot->class[m->of[j]];
        if (j < k)
            under += own;
    }
    *low = under / all;
    *high = (under + own) / all;
    return all > 0;
}

static const char *band_name(gd_page *page, const gd_timeline *t, const mix *m, int k)
{
    const gd_profile_options *o = &page->window->profile.options;
    const int class = m->of[k] >= 0 ? t->shown[m->of[k]] : -1;
    return class < 0              ? "all others"
           : class < o->n_classes ? gd_html_name(page, o->classes[class])
                                  : gd_html_printf(page, "class %d", class);
}

/* A band, and its letter where it is thickest. */
static void class_band(const gd_chart *c, const gd_timeline *t, const mix *m, int k, double *x, double *y)
{
    double thickest = WORTH / 1000.0;
    *x = NAN;
    gd_shape_begin(c, gd_html_printf(c->page, "mix m%d", m->of[k] < 0 ? BANDS : k));
    for (int i = 0; i < t->n; i++) {
        double low, high;
        if (!band_at(&t->slot[i], m, k, &low, &high) || !(high > low))
            continue;
        gd_shape_box(c, slot_from(t, i), low, slot_from(t, i + 1), high);
        const bool border = t->n > 4 && (i == 0 || i == t->n - 1); /* a letter there would be cut */
        if (high - low > thickest && !border) {
            thickest = high - low;
            *x = slot_from(t, i) + 0.5 * (double)t->width_ms;
            *y = 0.5 * (low + high);
        }
    }
    gd_shape_end(c);
}

static void classes(gd_page *page, const gd_timeline *t)
{
    const mix m = mix_of(t);
    if (m.total <= 0)
        return;
    gd_text_add(page->out, "<section class=\"card\"><h3>Which classes the answers name</h3>\n");
    const gd_chart c = {
        .page = page,
        .x = time_axis(t, true),
        .y = {GD_AXIS_SHARES, 0, 1, 5},
        .class = "tall",
        .words = "Shares of the predicted classes over time; the list below has them as numbers",
    };
    double x[BANDS + 1], y[BANDS + 1] = {0};
    gd_chart_open(&c);
    for (int k = 0; k < m.n; k++)
        class_band(&c, t, &m, k, &x[k], &y[k]);
    gd_chart_labels(&c);
    for (int k = 0; k < m.n; k++)
        if (!isnan(x[k]))
            gd_chart_word(&c, x[k], y[k], "letter", gd_html_printf(page, "%c", 'A' + k));
    gd_chart_close(&c);
    gd_text_add(page->out, "<ul class=\"legend classes\">");
    for (int k = m.n - 1; k >= 0; k--)
        gd_text_add(page->out, "<li><i class=\"key mix m%d\">%c</i><span>%s</span> <b>%s</b>", m.of[k] < 0 ? BANDS : k,
                    'A' + k, band_name(page, t, &m, k), gd_html_percent(page, m.all[k] / m.total));
    gd_text_add(page->out, "</ul></section>\n");
}

void gd_page_over_time(gd_page *page)
{
    const gd_timeline *whole = &page->window->timeline;
    if (whole->width_ms <= 0 || whole->n < 1)
        return;
    gd_timeline *t = gd_arena_alloc(&page->arena, 1, sizeof *t);
    if (!t) {
        page->out->failed = 1;
        return;
    }
    *t = *whole;
    while (t->n > GD_PAGE_SLOTS && page->window->profile.items < (int64_t)MANY * t->n)
        halve(t);
    uint64_t answered = 0;
    for (int i = 0; i < t->n; i++)
        answered += answers(&t->slot[i]);
    gd_text_add(page->out, "<h2>Over time <small>UTC</small></h2>\n");
    if (whole->timeless > 0)
        gd_text_add(page->out, "<p class=note>Without the %s whose time is not known.</p>\n",
                    gd_html_counted(page, whole->timeless));
    gd_text_add(page->out, "<div class=two>\n");
    if (answered > 0) {
        confidence(page, t);
        classes(page, t);
    } else {
        gd_text_add(page->out, "<section class=card>");
        bars(page, t, page->verdict->pictures ? "Pictures" : "Rows", "How many came over time", NAN);
        gd_text_add(page->out, "</section>\n");
    }
    gd_text_add(page->out, "</div>\n");
}
