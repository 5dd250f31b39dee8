// SPDX-License-Identifier: Apache-2.0
/* What the figures rest on: how much was read, what could not be, what is missing. */
#include "report/page.h"

#include <math.h>

static const char *const kinds[] = {
    [GD_COLUMN_NUMBERS] = "numbers",
    [GD_COLUMN_WHOLE] = "whole numbers",
    [GD_COLUMN_CIRCLE] = "degrees",
    [GD_COLUMN_NAMES] = "names",
};

static void fact(gd_page *page, const char *name, double n)
{
    gd_text_add(page->out, "<tr><th scope=row>%s<td>%s\n", name, gd_html_count(page, n));
}

static void reading(gd_page *page)
{
    const gd_window *w = page->window;
    gd_text_add(page->out, "<section class=card><h3>What was read</h3><table><tbody>\n");
    fact(page, page->items, (double)w->profile.items);
    fact(page, "records", (double)w->records);
    fact(page, "lines that are no records", (double)w->broken);
    fact(page, "files that could not be read", (double)w->unread);
    if (w->timeline.timeless > 0)
        fact(page, "of unknown time", (double)w->timeline.timeless);
    fact(page, "in the baseline", (double)page->verdict->baseline_items);
    gd_text_add(page->out, "</tbody></table>\n");
    const int most = sizeof page->report->complaints / sizeof *page->report->complaints;
    int n = 0;
    for (; n < most && page->report->complaints[n]; n++)
        gd_text_add(page->out, "%s<li>%s\n", n == 0 ? "<ul class=complaints>" : "",
                    gd_html(page, page->report->complaints[n], GD_PAGE_WORDS));
    gd_text_add(page->out, "%s</section>\n", n > 0 ? "</ul>" : "");
}

static double missing(const gd_column *column, int64_t items)
{
    return column && items > 0 ? 1 - (double)gd_column_present(column) / (double)items : NAN;
}

static void columns(gd_page *page)
{
    const gd_verdict *v = page->verdict;
    const int n = page->n_columns < GD_PAGE_ROWS ? page->n_columns : GD_PAGE_ROWS;
    if (n == 0)
        return;
    gd_text_add(page->out,
                "<div class=\"card scroll\" role=region tabindex=0 aria-labelledby=complete><table>"
                "<caption id=complete>Columns</caption><thead><tr><th scope=col>column<th scope=col>of"
                "<th scope=col>missing in the baseline<th scope=col>missing now<th scope=col>of another type now"
                "</thead><tbody>\n");
    for (int i = 0; i < n; i++) {
        const gd_column_verdict *c = &v->column[page->order[i]];
        const gd_column *either = c->reference ? c->reference : c->current;
        gd_text_add(page->out, "<tr><th scope=row>%s<td>%s<td>%s<td>%s<td>%s\n", gd_html_name(page, either->name),
                    kinds[either->kind],
                    c->reference ? gd_html_percent(page, missing(c->reference, v->baseline_items)) : "not there",
                    c->current ? gd_html_percent(page, missing(c->current, v->items)) : "not there",
                    c->current ? gd_html_count(page, (double)c->current->broken) : "–");
    }
    gd_text_add(page->out, "</tbody></table></div>\n");
}

void gd_page_data(gd_page *page)
{
    gd_text_add(page->out, "<h2>The data</h2>\n<div class=\"two data\">\n");
    reading(page);
    columns(page);
    gd_text_add(page->out, "</div>\n");
}
