// SPDX-License-Identifier: Apache-2.0
/* What the figures rest on: how much was read, what could not be, what is missing. */
#include "report/page.h"

#include <math.h>

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

/* Complete on both sides, and of one type. */
static bool is_sound(const gd_page *page, const gd_column_verdict *c)
{
    return c->reference && c->current && missing(c->reference, page->verdict->baseline_items) <= 0 &&
           missing(c->current, page->verdict->items) <= 0 && c->current->broken == 0;
}

static void column(gd_page *page, const gd_column_verdict *c)
{
    const gd_verdict *v = page->verdict;
    const gd_column *either = c->reference ? c->reference : c->current;
    gd_text_add(page->out, "<tr><th scope=row>%s<td>%s<td>%s<td>%s<td>%s\n", gd_html_name(page, either->name),
                gd_column_kind_words[either->kind],
                c->reference ? gd_html_percent(page, missing(c->reference, v->baseline_items)) : "not there",
                c->current ? gd_html_percent(page, missing(c->current, v->items)) : "not there",
                c->current ? gd_html_count(page, (double)c->current->broken) : "–");
}

static void columns(gd_page *page)
{
    int sound = 0, told = 0;
    for (int i = 0; i < page->n_columns; i++)
        sound += is_sound(page, &page->verdict->column[page->order[i]]);
    gd_text_add(page->out, "<section class=card><h3>What is missing</h3>\n");
    if (sound < page->n_columns) {
        gd_text_add(page->out,
                    "<div class=scroll role=region tabindex=0 aria-label=\"Columns with gaps\"><table><thead>"
                    "<tr><th scope=col>column<th scope=col>of<th scope=col>missing in the baseline"
                    "<th scope=col>missing now<th scope=col>of another type now</thead><tbody>\n");
        for (int i = 0; i < page->n_columns && told < GD_PAGE_ROWS; i++)
            if (!is_sound(page, &page->verdict->column[page->order[i]])) {
                column(page, &page->verdict->column[page->order[i]]);
                told++;
            }
        gd_text_add(page->out, "</tbody></table></div>\n");
    }
    if (told + sound < page->n_columns)
        gd_text_add(page->out, "<p>And %d more with gaps, which are in statistics.json.</p>\n",
                    page->n_columns - told - sound);
    gd_text_add(page->out, "<p>%d of %d column%s %s complete and of one type, in the baseline and now.</p></section>\n",
                sound, page->n_columns, gd_plural(page->n_columns), sound == 1 ? "is" : "are");
}

void gd_page_data(gd_page *page)
{
    gd_text_add(page->out, "<h2>The data</h2>\n<div class=\"two data\">\n");
    reading(page);
    if (page->n_columns > 0 && page->window->profile.items > 0)
        columns(page);
    gd_text_add(page->out, "</div>\n");
}
