// SPDX-License-Identifier: Apache-2.0
/* The map of what the model sees: pictures along the two directions in which the baseline's differ most. */
#include "report/chart.h"

#include <math.h>
#include <stdlib.h>

typedef struct dots {
    int n;
    float (*at)[2]; /* (n) */
} dots;

static int by_size(const void *a, const void *b)
{
    const float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

/* The baseline's kept rows, every so-many-th of them. */
static gd_status baseline_dots(gd_page *page, dots *d)
{
    const gd_rows *rows = &page->baseline->profile.rows;
    const gd_directions *directions = &page->baseline->directions;
    if (rows->n == 0 || rows->dims != directions->dims || directions->dims < 2)
        return GD_OK;
    const size_t dims = (size_t)rows->dims;
    float *all = gd_arena_alloc(&page->arena, (size_t)rows->n * dims, sizeof *all);
    d->at = gd_arena_alloc(&page->arena, GD_PAGE_DOTS, sizeof *d->at);
    if (!all || !d->at)
        return gd_fail(page->error, GD_NOMEM, "out of memory for %d rows of %d features", rows->n, rows->dims);
    GD_TRY(gd_rows_copy(rows, all, page->error));
    d->n = rows->n < GD_PAGE_DOTS ? rows->n : GD_PAGE_DOTS;
    for (int i = 0; i < d->n; i++) {
        double at[2];
        gd_features_project(directions, all + (size_t)((int64_t)i * rows->n / d->n) * dims, 2, at);
        d->at[i][0] = (float)at[0];
        d->at[i][1] = (float)at[1];
    }
    return GD_OK;
}

static gd_status window_dots(gd_page *page, dots *d)
{
    const gd_window *w = page->window;
    d->n = w->n_map < GD_PAGE_DOTS ? w->n_map : GD_PAGE_DOTS;
    d->at = gd_arena_alloc(&page->arena, (size_t)d->n + 1, sizeof *d->at);
    if (!d->at)
        return gd_fail(page->error, GD_NOMEM, "out of memory for a map of %d", d->n);
    int n = 0;
    for (int i = 0; i < d->n; i++) {
        const float *at = w->map[(int64_t)i * w->n_map / d->n];
        if (!isfinite(at[0]) || !isfinite(at[1]))
            continue;
        d->at[n][0] = at[0];
        d->at[n++][1] = at[1];
    }
    d->n = n;
    return GD_OK;
}

/* All but the outermost hundredth of either side, and some room; the same scale both ways, as the box is 3 : 2. */
static gd_status ranges(gd_page *page, const dots d[2], gd_axis axis[2])
{
    float *one = gd_arena_alloc(&page->arena, GD_PAGE_DOTS, sizeof *one);
    if (!one)
        return gd_fail(page->error, GD_NOMEM, "out of memory for a map");
    for (int k = 0; k < 2; k++) {
        axis[k] = (gd_axis){GD_AXIS_NUMBERS, INFINITY, -INFINITY, 5, false};
        for (int s = 0; s < 2; s++) {
            for (int i = 0; i < d[s].n; i++)
                one[i] = d[s].at[i][k];
            if (d[s].n == 0)
                continue;
            qsort(one, (size_t)d[s].n, sizeof *one, by_size);
            axis[k].low = fmin(axis[k].low, one[d[s].n / 100]);
            axis[k].high = fmax(axis[k].high, one[d[s].n - 1 - d[s].n / 100]);
        }
    }
    const double scale = fmax(1e-6, 1.15 * fmax((axis[0].high - axis[0].low) / 3, (axis[1].high - axis[1].low) / 2));
    for (int k = 0; k < 2; k++) {
        const double middle = 0.5 * (axis[k].low + axis[k].high), half = 0.5 * scale * (k == 0 ? 3 : 2);
        axis[k].low = middle - half;
        axis[k].high = middle + half;
    }
    return GD_OK;
}

static void draw(const gd_chart *c, const dots *d, const char *class)
{
    gd_shape_begin(c, class);
    for (int i = 0; i < d->n; i++)
        gd_shape_dot(c, d->at[i][0], d->at[i][1]);
    gd_shape_end(c);
}

static void cross(const gd_chart *c, const dots *d, const char *class)
{
    double x = 0, y = 0;
    for (int i = 0; i < d->n; i++) {
        x += d->at[i][0] / d->n;
        y += d->at[i][1] / d->n;
    }
    if (d->n > 0)
        gd_chart_word(c, x, y, class, "");
}

static void told(gd_page *page)
{
    const gd_verdict *v = page->verdict;
    gd_text_add(page->out, "<p>");
    if (v->features_compared == GD_TOO_FEW)
        gd_text_add(page->out, "Too few to say whether they lie elsewhere.");
    else if (v->features_compared == GD_NOT_COMPARABLE)
        gd_text_add(page->out, "Not compared: one side has no features.");
    else
        gd_text_add(
            page->out,
            "%s These %s are at a distance of %s from the baseline’s, where 0 is alike and 1 is apart; p adjusted %s.",
            v->features_alarm ? "<span class=\"tag bad\">changed</span>" : "<span class=\"tag good\">as before</span>",
            page->items, gd_html_number(page, v->features.distance), gd_html_chance(page, v->features_adjusted));
    gd_text_add(page->out,
                "</p>\n<p class=note>Near each other here is alike to the model. The two directions are those in "
                "which the baseline differs most; what is beyond the border is drawn on it.</p>\n");
}

gd_status gd_page_features(gd_page *page)
{
    dots d[2] = {{0}, {0}};
    gd_axis axis[2];
    GD_TRY(baseline_dots(page, &d[0]));
    GD_TRY(window_dots(page, &d[1]));
    if (d[0].n == 0 || d[1].n == 0)
        return GD_OK;
    GD_TRY(ranges(page, d, axis));
    const gd_chart c = {
        .page = page,
        .x = axis[0],
        .y = axis[1],
        .class = "map",
        .words =
            gd_html_printf(page, "Map of features: %d %s of the baseline and %d of now", d[0].n, page->items, d[1].n),
    };
    gd_text_add(page->out, "<section class=card><h3>What the model sees</h3>\n<ul class=legend>"
                           "<li><i class=\"key dot base\"></i>baseline<li><i class=\"key dot now\"></i>now"
                           "<li><i class=\"key middle\"></i>their middles</ul>\n");
    gd_chart_open(&c);
    draw(&c, &d[0], "dots base");
    draw(&c, &d[1], "dots now");
    gd_chart_labels(&c);
    cross(&c, &d[0], "middle base");
    cross(&c, &d[1], "middle now");
    gd_chart_close(&c);
    told(page);
    gd_text_add(page->out, "</section>\n");
    return GD_OK;
}
