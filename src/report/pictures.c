// SPDX-License-Identifier: Apache-2.0
/* Pictures to look at: of the window those that lie farthest to the side that a changed column moved to, of the
 * baseline a few as it had them.
 */
#include "report/picture.h"
#include "report/shares.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { GROUPS = 4, IN_GROUP = 12, TYPICAL = 12 };

/* What makes a picture one of a group: the greater `score`, the more. NaN: it is none. */
typedef struct group {
    const char *name;    /* of a column, HTML */
    int figure;          /* of a picture or an answer; -1: none */
    int class;           /* answers of that class; -1: any */
    double middle, side; /* figures: of the baseline; 1: greater ones, -1: lesser, 0: either */
    double low, high;    /* middle 80% of the baseline; NaN: not known */
    double direction[2]; /* on the map; 0, 0: none */
} group;

static double value_of(const gd_exhibit *e, int figure)
{
    return figure < GD_FIGURES                 ? e->figure[figure]
           : figure == GD_TIMELINE_CONFIDENCE  ? e->answer.confidence
           : figure == GD_TIMELINE_UNCERTAINTY ? e->answer.uncertainty
                                               : e->answer.margin;
}

static double score(const group *g, const gd_exhibit *e)
{
    if (g->class >= 0)
        return e->answer.class == g->class ? e->answer.confidence : NAN;
    if (g->figure < 0)
        return e->at[0] * g->direction[0] + e->at[1] * g->direction[1];
    const double away = value_of(e, g->figure) - g->middle;
    if (g->figure == GD_HUE)
        return fabs(remainder(away, 360));
    return g->side == 0 ? fabs(away) : g->side * away;
}

/* ---- which groups ---- */

static gd_status figure_group(gd_page *page, const gd_column_verdict *v, int figure, group *g)
{
    gd_sample sample;
    GD_TRY(gd_sample_of_sketch(&sample, v->reference->sketch, page->error));
    const bool circle = figure == GD_HUE;
    *g = (group){
        .name = gd_html_name(page, v->reference->name),
        .figure = figure,
        .class = -1,
        .middle = circle ? gd_sample_circular_mean(&sample, 360) : gd_moments_mean(&sample.moments),
        .side = circle || fabs(v->moved) < 0.25 ? 0
                : v->moved > 0                  ? 1
                                                : -1,
        .low = circle ? NAN : gd_sample_quantile(&sample, 0.1),
        .high = circle ? NAN : gd_sample_quantile(&sample, 0.9),
    };
    gd_sample_release(&sample);
    return GD_OK;
}

/* The class that is answered more often than on the baseline by most; false: there is none. */
static bool class_group(gd_page *page, const gd_column_verdict *v, group *g)
{
    const gd_profile_options *o = &page->window->profile.options;
    double most = 0;
    *g = (group){.figure = -1, .class = -1};
    for (int i = 0; i < o->n_classes; i++) {
        const size_t length = strlen(o->classes[i]);
        const double grown = gd_share_in(v->current->names, o->classes[i], length) -
                             gd_share_in(v->reference->names, o->classes[i], length);
        if (grown > most) {
            most = grown;
            g->class = i;
            g->name = gd_html_name(page, o->classes[i]);
        }
    }
    return g->class >= 0;
}

static bool map_group(const gd_page *page, group *g)
{
    const gd_window *w = page->window;
    *g = (group){.name = "what the model sees", .figure = -1, .class = -1};
    int n = 0;
    for (int i = 0; i < w->n_map; i++)
        if (isfinite(w->map[i][0]) && isfinite(w->map[i][1])) {
            g->direction[0] += w->map[i][0];
            g->direction[1] += w->map[i][1];
            n++;
        }
    return n > 0;
}

/* Figures that say much the same: a group for one of them is enough. */
static int family_of(int figure)
{
    switch (figure) {
    case GD_RED:
    case GD_GREEN:
    case GD_BLUE:
        return GD_BRIGHTNESS;
    case GD_ENTROPY:
        return GD_CONTRAST;
    case GD_WIDTH:
    case GD_ASPECT:
        return GD_HEIGHT;
    case GD_TIMELINE_UNCERTAINTY:
    case GD_TIMELINE_MARGIN:
        return GD_TIMELINE_CONFIDENCE;
    default:
        return figure;
    }
}

static gd_status groups_of(gd_page *page, group groups[GROUPS], int *n)
{
    const gd_verdict *v = page->verdict;
    bool told[GD_TIMELINE_FIGURES] = {false};
    *n = 0;
    if (v->features_alarm && map_group(page, &groups[*n]))
        ++*n;
    for (int i = 0; i < page->n_columns && *n < GROUPS; i++) {
        const gd_column_verdict *c = &v->column[page->order[i]];
        if (!c->alarm || !c->reference || !c->current)
            continue;
        const int figure = gd_page_figure(c->reference->name);
        if (c->reference->kind == GD_COLUMN_NAMES && c->reference->names && c->current->names &&
            strcmp(c->reference->name, "prediction") == 0 && class_group(page, c, &groups[*n]))
            ++*n;
        else if (figure >= 0 && c->reference->sketch && !told[family_of(figure)]) {
            told[family_of(figure)] = true;
            GD_TRY(figure_group(page, c, figure, &groups[*n]));
            ++*n;
        }
    }
    return GD_OK;
}

/* ---- how they look ---- */

static const char *answer_name(gd_page *page, const gd_exhibit *e)
{
    const gd_profile_options *o = &page->window->profile.options;
    return e->answer.class >= 0 && e->answer.class < o->n_classes ? gd_html_name(page, o->classes[e->answer.class])
                                                                  : "";
}

static gd_status figure(gd_page *page, const gd_exhibit *e, const group *g)
{
    const char *name = answer_name(page, e), *sure = "", *value = "";
    if (*name && isfinite(e->answer.confidence))
        sure = gd_html_percent(page, e->answer.confidence);
    if (g && g->figure >= 0 && g->figure != GD_TIMELINE_CONFIDENCE)
        value = gd_html_number(page, value_of(e, g->figure));
    const char *of = *value ? g->name : "";
    gd_text_add(page->out, "<figure><img%s width=96 height=96 alt=\"%s%s %s %s %s\" title=\"%s%s%s\" src=\"",
                e->width <= 48 && e->height <= 48 ? " class=tiny" : "", *name ? "answered " : "a picture", name, sure,
                of, value, gd_html(page, e->place, GD_GALLERY_PLACE), e->time_ms != INT64_MIN ? ", " : "",
                e->time_ms != INT64_MIN ? gd_html_time(page, e->time_ms) : "");
    GD_TRY(gd_picture_print(e, page->out, page->error));
    gd_text_add(page->out, "\"><figcaption>%s%s%s%s%s%s</figcaption></figure>\n", *name ? "<b>" : "", name,
                *name ? "</b><br>" : "", sure, *sure && *value ? " · " : "", value);
    return GD_OK;
}

typedef struct ranked {
    double score;
    int at;
} ranked;

static int by_score(const void *a, const void *b)
{
    const double x = ((const ranked *)a)->score, y = ((const ranked *)b)->score;
    return (x < y) - (x > y);
}

static void heading(gd_page *page, const group *g)
{
    gd_text_add(page->out, "<section class=card><h3>");
    if (g->class >= 0)
        gd_text_add(page->out, "Now answered more often: %s</h3>\n", g->name);
    else if (g->figure < 0)
        gd_text_add(page->out, "Now, farthest from what the model knew</h3>\n");
    else if (isnan(g->low))
        gd_text_add(page->out, "Now, of unusual %s</h3>\n", g->name);
    else
        gd_text_add(page->out, "Now, of %s %s <small>baseline: mostly %s to %s</small></h3>\n",
                    g->side < 0   ? "low"
                    : g->side > 0 ? "high"
                                  : "unusual",
                    g->name, gd_html_number(page, g->low), gd_html_number(page, g->high));
}

static bool are_alike(const gd_exhibit *a, const gd_exhibit *b)
{
    return a->height == b->height && a->width == b->width &&
           memcmp(a->pixels, b->pixels, (size_t)a->height * (size_t)a->width * 3) == 0;
}

/* All that have the same pixels count as shown: how many. */
static int take_alike(const gd_gallery *gallery, const gd_exhibit *exhibit, bool *shown)
{
    int n = 0;
    for (int i = 0; i < gallery->n; i++)
        if (are_alike(&gallery->exhibit[i], exhibit)) {
            shown[i] = true;
            n++;
        }
    return n;
}

/* By falling score, those that have one and were not shown yet: how many. */
static int rank_group(const gd_gallery *gallery, const group *g, const bool *shown, ranked *rank)
{
    int n = 0;
    for (int i = 0; i < gallery->n; i++) {
        const double s = score(g, &gallery->exhibit[i]);
        if (!shown[i] && !isnan(s))
            rank[n++] = (ranked){s, i};
    }
    if (n > 0)
        qsort(rank, (size_t)n, sizeof *rank, by_score);
    return n;
}

/* Each picture is shown once: `shown` (gallery->n) says which were. */
static gd_status print_group(gd_page *page, const group *g, bool *shown)
{
    const gd_gallery *gallery = &page->window->gallery;
    ranked *rank = gd_arena_alloc(&page->arena, (size_t)gallery->n + 1, sizeof *rank);
    if (!rank)
        return gd_fail(page->error, GD_NOMEM, "out of memory for %d pictures", gallery->n);
    const int n = rank_group(gallery, g, shown, rank);
    int printed = 0, alike = 1;
    if (n == 0)
        return GD_OK;
    heading(page, g);
    gd_text_add(page->out, "<div class=pictures>\n");
    for (int i = 0; i < n && printed < IN_GROUP; i++) {
        const gd_exhibit *e = &gallery->exhibit[rank[i].at];
        if (shown[rank[i].at])
            continue;
        const int times = take_alike(gallery, e, shown);
        alike = times > alike ? times : alike;
        GD_TRY(figure(page, e, g));
        printed++;
    }
    gd_text_add(page->out, "</div>\n");
    if (alike > 1)
        gd_text_add(page->out,
                    "<p>%d of the %d pictures that were kept to look at are one and the same. Is a camera "
                    "stuck?</p>\n",
                    alike, gallery->n);
    gd_text_add(page->out, "</section>\n");
    return GD_OK;
}

static gd_status some_of(gd_page *page, const gd_gallery *gallery, const char *title)
{
    if (gallery->n == 0)
        return GD_OK;
    gd_text_add(page->out, "<section class=card><h3>%s</h3><div class=pictures>\n", title);
    for (int i = 0; i < gallery->n && i < TYPICAL; i++)
        GD_TRY(figure(page, &gallery->exhibit[i], NULL));
    gd_text_add(page->out, "</div></section>\n");
    return GD_OK;
}

gd_status gd_page_pictures(gd_page *page)
{
    const gd_gallery *gallery = &page->window->gallery;
    group groups[GROUPS];
    int n = 0;
    if (gallery->n == 0)
        return GD_OK;
    bool *shown = gd_arena_alloc(&page->arena, (size_t)gallery->n, sizeof *shown);
    if (!shown)
        return gd_fail(page->error, GD_NOMEM, "out of memory for %d pictures", gallery->n);
    GD_TRY(groups_of(page, groups, &n));
    gd_text_add(page->out, "<h2>%s</h2>\n<div class=two>\n", n > 0 ? "Pictures that made the difference" : "Pictures");
    GD_TRY(some_of(page, &page->baseline->typical, "The baseline’s, for comparison"));
    for (int i = 0; i < n; i++)
        GD_TRY(print_group(page, &groups[i], shown));
    if (n == 0)
        GD_TRY(some_of(page, gallery, "Now, a few at random"));
    gd_text_add(page->out, "</div>\n");
    return GD_OK;
}
