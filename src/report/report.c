// SPDX-License-Identifier: Apache-2.0
#include "report/page.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Alarms first, then what was compared, by how far apart; then what was not. */
typedef struct place {
    int at, rank;
    double apart;
} place;

static int by_place(const void *a, const void *b)
{
    const place *x = a, *y = b;
    return x->rank != y->rank     ? x->rank - y->rank
           : x->apart != y->apart ? (x->apart < y->apart) - (x->apart > y->apart)
                                  : x->at - y->at;
}

static gd_status order_columns(gd_page *page)
{
    const gd_verdict *v = page->verdict;
    place *places = gd_arena_alloc(&page->arena, (size_t)v->n_columns + 1, sizeof *places);
    page->order = gd_arena_alloc(&page->arena, (size_t)v->n_columns + 1, sizeof *page->order);
    if (!places || !page->order)
        return gd_fail(page->error, GD_NOMEM, "out of memory for %d columns", v->n_columns);
    for (int i = 0; i < v->n_columns; i++) {
        const gd_column_verdict *c = &v->column[i];
        if (!c->reference && !c->current)
            continue;
        const double js =
            (c->reference ? c->reference : c->current)->kind == GD_COLUMN_NAMES ? c->categories.js : c->numbers.js;
        places[page->n_columns++] = (place){i, c->alarm ? 0 : 1 + (int)c->compared, isnan(js) ? -1 : js};
    }
    qsort(places, (size_t)page->n_columns, sizeof *places, by_place);
    for (int i = 0; i < page->n_columns; i++)
        page->order[i] = places[i].at;
    return GD_OK;
}

/* What it costs comes first, then what the model sees, then rules, then columns in their order. */
static int weight_of(const gd_page *page, const gd_violation *x)
{
    if (strcmp(x->feature, "estimated_accuracy") == 0)
        return 0;
    if (strcmp(x->feature, "features") == 0)
        return 1;
    for (int i = 0; x->kind == GD_BASELINE_DRIFT && i < page->n_columns; i++) {
        const gd_column *reference = page->verdict->column[page->order[i]].reference;
        if (reference && strcmp(reference->name, x->feature) == 0)
            return 3 + i;
    }
    return 2;
}

static int by_rank(const void *a, const void *b)
{
    const place *x = a, *y = b;
    return x->rank != y->rank ? x->rank - y->rank : x->at - y->at;
}

static gd_status order_findings(gd_page *page)
{
    const gd_verdict *v = page->verdict;
    place *places = gd_arena_alloc(&page->arena, (size_t)v->n_violations + 1, sizeof *places);
    page->finding = gd_arena_alloc(&page->arena, (size_t)v->n_violations + 1, sizeof *page->finding);
    if (!places || !page->finding)
        return gd_fail(page->error, GD_NOMEM, "out of memory for %d violations", v->n_violations);
    for (int i = 0; i < v->n_violations; i++)
        places[i] = (place){i, weight_of(page, &v->violation[i]), 0};
    qsort(places, (size_t)v->n_violations, sizeof *places, by_rank);
    for (int i = 0; i < v->n_violations; i++)
        page->finding[i] = places[i].at;
    return GD_OK;
}

static void open_page(gd_page *page)
{
    gd_text_add(page->out,
                "<!doctype html>\n<html lang=en>\n<meta charset=utf-8>\n"
                "<meta name=viewport content=\"width=device-width, initial-scale=1\">\n"
                "<meta name=color-scheme content=\"light dark\">\n"
                "<meta http-equiv=Content-Security-Policy content=\"default-src 'none'; img-src data:; style-src "
                "'unsafe-inline'\">\n<title>%s: check</title>\n<style>\n%s</style>\n<main>\n",
                gd_html(page, page->report->title ? page->report->title : "Griddle", 120), gd_page_style);
}

static void close_page(gd_page *page)
{
    const gd_verdict *v = page->verdict;
    gd_text_add(page->out, "</main>\n<footer><p>");
    if (isnan(v->level))
        gd_text_add(page->out, "An alarm is a distance above the threshold of the rules in constraints.json.");
    else
        gd_text_add(page->out, "An alarm is a p, adjusted for all tests together (Holm), of %s or less.",
                    gd_html_number(page, v->level));
    if (gd_page_seen(v) < 1)
        gd_text_add(page->out, " A window of this size shows changes that touch %s of its %s or more.",
                    gd_html_percent(page, gd_page_seen(v)), page->items);
    gd_text_add(page->out, " PSI, JS, Wasserstein and distance are for people: no alarm comes of %s.</p>\n",
                isnan(v->level) ? "the first three" : "them");
    if (*page->baseline->model)
        gd_text_add(page->out, "<p>Model <code>%s</code></p>\n", gd_html(page, page->baseline->model, 12));
    gd_text_add(page->out, "<p>Griddle %s, %s UTC.</p></footer>\n</html>\n", GRIDDLE_VERSION,
                gd_html_time(page, page->report->made_ms));
}

static gd_status print_page(gd_page *page)
{
    GD_TRY(order_columns(page));
    GD_TRY(order_findings(page));
    open_page(page);
    gd_page_head(page);
    gd_page_over_time(page);
    GD_TRY(gd_page_answers(page));
    GD_TRY(gd_page_columns(page));
    GD_TRY(gd_page_pictures(page));
    gd_page_data(page);
    close_page(page);
    return gd_text_status(page->out, page->error);
}

gd_status gd_report_print(const gd_report *report, gd_text *out, gd_error *error)
{
    const bool pictures = report->verdict->pictures;
    gd_page page = {
        .report = report,
        .baseline = report->baseline,
        .window = report->window,
        .verdict = report->verdict,
        .item = pictures ? "picture" : "row",
        .items = pictures ? "pictures" : "rows",
        .out = out,
        .error = error,
    };
    const gd_status status = print_page(&page);
    gd_arena_release(&page.arena);
    return status;
}
