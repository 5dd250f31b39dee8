// SPDX-License-Identifier: Apache-2.0
/* Each column: what it was and what it is, as two distributions and as figures. */
#include "report/chart.h"
#include "report/histogram.h"
#include "report/shares.h"

#include <math.h>

enum { NAMES = 6 /* bars of a column of names */ };

static const gd_column *either(const gd_column_verdict *c) { return c->reference ? c->reference : c->current; }

/* ---- charts ---- */

static void steps(const gd_chart *c, const gd_histogram *h, int side, const char *class)
{
    const double width = (h->high - h->low) / h->n;
    gd_shape_begin(c, class);
    gd_shape_move(c, h->low, 0);
    for (int i = 0; i < h->n; i++) {
        gd_shape_line(c, h->low + i * width, h->share[side][i]);
        gd_shape_line(c, h->low + (i + 1) * width, h->share[side][i]);
    }
    gd_shape_line(c, h->high, 0);
    gd_shape_end(c);
}

static gd_status numbers_chart(gd_page *page, const gd_column_verdict *v)
{
    const gd_column *column = either(v);
    gd_histogram h;
    GD_TRY(gd_histogram_of(v->reference ? v->reference->sketch : NULL, v->current ? v->current->sketch : NULL,
                           column->kind, &h, page->error));
    if (!h.has[0] && !h.has[1])
        return GD_OK;
    double most = 0;
    for (int i = 0; i < h.n; i++)
        most = fmax(most, fmax(h.share[0][i], h.share[1][i]));
    const bool circle = column->kind == GD_COLUMN_CIRCLE;
    const gd_chart c = {
        .page = page,
        .x = {GD_AXIS_NUMBERS, h.low, h.high, 5},
        .y = {GD_AXIS_BARE, 0, most > 0 ? 1.04 * most : 1, 0},
        .class = circle ? "mid circle" : "mid",
        .words = gd_html_printf(page, "Distribution: %s on the baseline %s, now %s", circle ? "mean" : "median",
                                gd_html_number(page, h.median[0]), gd_html_number(page, h.median[1])),
    };
    gd_chart_open(&c);
    if (h.has[0])
        steps(&c, &h, 0, "fill base");
    if (h.has[1])
        steps(&c, &h, 1, "outline now");
    gd_shape_segment(&c, "axis", h.low, 0, h.high, 0);
    gd_chart_labels(&c);
    gd_chart_close(&c);
    return GD_OK;
}

static void names_chart(gd_page *page, const gd_column_verdict *v)
{
    gd_share *shares;
    const int n =
        gd_shares_of(page, v->reference ? v->reference->names : NULL, v->current ? v->current->names : NULL, &shares);
    gd_shares_print(page, shares, n < NAMES ? n : NAMES);
    if (n > NAMES)
        gd_text_add(page->out, "<p class=note>The %d of %d names that changed most.</p>\n", NAMES, n);
}

/* ---- cards ---- */

static const char *badge(const gd_column_verdict *v)
{
    return v->alarm                           ? "<span class=\"tag bad\">changed</span>"
           : v->compared == GD_NOT_COMPARABLE ? "<span class=tag>not comparable</span>"
           : v->compared == GD_TOO_FEW        ? "<span class=tag>too few to say</span>"
                                              : "<span class=\"tag good\">as before</span>";
}

static const char *why_not(gd_page *page, const gd_column_verdict *v)
{
    if (v->compared == GD_TOO_FEW)
        return v->least > 0 ? gd_html_printf(page, "%s values would do", gd_html_count(page, (double)v->least))
                            : "the baseline has too few itself";
    if (!v->current || gd_column_present(v->current) == 0)
        return page->window->profile.items == 0 ? "nothing came" : "the window does not have it";
    return "the baseline does not have it";
}

static double mean_of(const gd_column *column)
{
    return column && column->sketch ? gd_moments_mean(&column->sketch->moments) : NAN;
}

/* "0.46 → 0.31, 1.8 deviations lower, since 3 Jun 2026, 14:00". */
static void told(gd_page *page, const gd_column_verdict *v)
{
    gd_text_add(page->out, "<p>");
    if (v->compared != GD_COMPARED) {
        gd_text_add(page->out, "%s</p>\n", why_not(page, v));
        return;
    }
    const gd_column_kind kind = either(v)->kind;
    if (kind == GD_COLUMN_NUMBERS || kind == GD_COLUMN_WHOLE)
        gd_text_add(page->out, "mean %s → <b>%s</b>", gd_html_number(page, mean_of(v->reference)),
                    gd_html_number(page, mean_of(v->current)));
    if (isfinite(v->moved) && kind != GD_COLUMN_NAMES)
        gd_text_add(page->out, kind == GD_COLUMN_CIRCLE ? "turned by %s degrees" : ", moved by %s deviations",
                    gd_html_number(page, v->moved));
    if (kind == GD_COLUMN_NAMES)
        gd_text_add(page->out, "greatest change of a share %s", gd_html_percent(page, v->categories.linf));
    const int64_t since = v->alarm ? gd_page_since(page, v) : INT64_MIN;
    if (since != INT64_MIN)
        gd_text_add(page->out, since <= page->window->timeline.first_ms ? ", from the window’s start" : ", since %s",
                    gd_html_time(page, since));
    gd_text_add(page->out, "</p>\n");
}

static gd_status card(gd_page *page, const gd_column_verdict *v)
{
    const gd_column *column = either(v);
    gd_text_add(page->out, "<section class=\"card column\"><header><h3>%s</h3>%s</header>\n",
                gd_html_name(page, column->name), badge(v));
    if (column->kind == GD_COLUMN_NAMES)
        names_chart(page, v);
    else
        GD_TRY(numbers_chart(page, v));
    told(page, v);
    gd_text_add(page->out, "</section>\n");
    return GD_OK;
}

/* ---- figures ---- */

static void figures_row(gd_page *page, const gd_column_verdict *v)
{
    const bool names = either(v)->kind == GD_COLUMN_NAMES;
    const double figure[] = {
        v->moved,
        names ? v->categories.linf : v->numbers.ks,
        names ? v->categories.psi : v->numbers.psi,
        names ? v->categories.js : v->numbers.js,
        names ? NAN : v->numbers.wasserstein,
        v->distance,
    };
    gd_text_add(page->out, "<tr%s><th scope=row>%s<td>%s", v->alarm ? " class=bad" : "",
                gd_html_name(page, either(v)->name), gd_column_kind_words[either(v)->kind]);
    for (size_t i = 0; i < sizeof figure / sizeof *figure; i++)
        gd_text_add(page->out, "<td>%s", gd_html_number(page, figure[i]));
    gd_text_add(page->out, "<td>%s<td>%s<td>%s\n", gd_html_chance(page, v->p), gd_html_chance(page, v->adjusted),
                v->compared == GD_COMPARED ? (v->alarm ? "<b>changed</b>" : "as before") : why_not(page, v));
}

static void figures(gd_page *page)
{
    const int n = page->n_columns < GD_PAGE_ROWS ? page->n_columns : GD_PAGE_ROWS;
    gd_text_add(
        page->out,
        "<div class=\"card scroll\" role=region tabindex=0 aria-labelledby=figures><table><caption id=figures>"
        "Figures of drift</caption><thead><tr><th scope=col>column<th scope=col>of<th scope=col>moved<th scope=col>KS"
        "<th scope=col>PSI<th scope=col>JS<th scope=col>Wasserstein<th scope=col>distance<th scope=col>p"
        "<th scope=col>p adjusted<th scope=col>verdict</thead><tbody>\n");
    for (int i = 0; i < n; i++)
        figures_row(page, &page->verdict->column[page->order[i]]);
    gd_text_add(page->out, "</tbody></table></div>\n");
    if (page->n_columns > n)
        gd_text_add(page->out, "<p class=note>And %d more, in check.json.</p>\n", page->n_columns - n);
}

gd_status gd_page_columns(gd_page *page)
{
    const gd_verdict *v = page->verdict;
    if (page->n_columns == 0 || page->window->profile.items == 0)
        return GD_OK;
    const int n = page->n_columns < GD_PAGE_CARDS ? page->n_columns : GD_PAGE_CARDS;
    int changed = 0;
    while (changed < n && v->column[page->order[changed]].alarm)
        changed++;
    gd_text_add(page->out, "<h2>What is measured</h2>\n<ul class=legend><li><i class=\"key fill base\"></i>baseline"
                           "<li><i class=\"key outline now\"></i>now</ul>\n");
    if (changed > 0) {
        gd_text_add(page->out, "<div class=cards>\n");
        for (int i = 0; i < changed; i++)
            GD_TRY(card(page, &v->column[page->order[i]]));
        gd_text_add(page->out, "</div>\n");
    }
    if (changed < n) {
        gd_text_add(page->out, "<details%s><summary>%d column%s %s</summary><div class=cards>\n",
                    changed == 0 ? " open" : "", n - changed, gd_plural(n - changed),
                    changed == 0 ? "in which nothing changed" : "more, as before or not compared");
        for (int i = changed; i < n; i++)
            GD_TRY(card(page, &v->column[page->order[i]]));
        gd_text_add(page->out, "</div></details>\n");
    }
    figures(page);
    return GD_OK;
}
