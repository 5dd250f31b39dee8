// SPDX-License-Identifier: Apache-2.0
#include "report/shares.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Where nothing changed, the greater share comes first. */
static double weight(const gd_share *s)
{
    const double base = isnan(s->base) ? 0 : s->base, now = isnan(s->now) ? 0 : s->now;
    return fabs(now - base) + 0.02 * (now + base);
}

static int by_weight(const void *a, const void *b)
{
    const double x = weight(a), y = weight(b);
    return (x < y) - (x > y);
}

void gd_shares_sort(gd_share *shares, int n)
{
    if (n > 0)
        qsort(shares, (size_t)n, sizeof *shares, by_weight);
}

static const gd_category *found(const gd_categories *table, const char *name, size_t length)
{
    for (int i = 0; table && i < table->n; i++)
        if (table->category[i].length == length && memcmp(table->category[i].name, name, length) == 0)
            return &table->category[i];
    return NULL;
}

double gd_share_in(const gd_categories *table, const char *name, size_t length)
{
    const double all = table ? (double)gd_categories_total(table) : 0;
    const gd_category *category = found(table, name, length);
    return all > 0 ? (category ? (double)category->count / all : 0) : NAN;
}

int gd_shares_of(gd_page *page, const gd_categories *base, const gd_categories *now, gd_share **shares)
{
    const int most = (base ? base->n : 0) + (now ? now->n : 0);
    gd_share *all = gd_arena_alloc(&page->arena, (size_t)most + 1, sizeof *all);
    int n = 0;
    page->out->failed |= !all;
    for (int side = 0; all && side < 2; side++) {
        const gd_categories *table = side == 0 ? base : now;
        for (int i = 0; table && i < table->n; i++) {
            const gd_category *c = &table->category[i];
            if (side == 0 || !found(base, c->name, c->length))
                all[n++] = (gd_share){c->name, gd_share_in(base, c->name, c->length),
                                      gd_share_in(now, c->name, c->length), NAN, NAN};
        }
    }
    gd_shares_sort(all, n);
    *shares = all;
    return n;
}

static void bar(gd_page *page, const char *class, double share, double most)
{
    gd_text_add(page->out, "<i class=%s style=\"width:%.1f%%\"></i>", class,
                isnan(share) ? 0 : 100 * fmin(share / most, 1));
}

void gd_shares_print(gd_page *page, const gd_share *shares, int n)
{
    double most = 0.01;
    for (int i = 0; i < n; i++) /* fmax passes NaN over */
        most = fmax(fmax(most, shares[i].base), fmax(shares[i].now, shares[i].truth + 1.96 * shares[i].deviation));
    most = fmin(most, 1);
    gd_text_add(page->out, "<dl class=rows>\n");
    for (int i = 0; i < n; i++) {
        const gd_share *s = &shares[i];
        gd_text_add(page->out, "<dt>%s<dd class=bars>", gd_html_name(page, s->name));
        bar(page, "base", s->base, most);
        bar(page, "now", s->now, most);
        if (!isnan(s->truth))
            bar(page, "truth", s->truth, most);
        if (!isnan(s->deviation)) {
            const double from = fmax(0, s->truth - 1.96 * s->deviation),
                         to = fmin(most, s->truth + 1.96 * s->deviation);
            gd_text_add(page->out, "<i class=whisker style=\"left:%.1f%%;width:%.1f%%\"></i>", 100 * from / most,
                        100 * fmax(to - from, 0) / most);
        }
        gd_text_add(page->out, "<dd class=figure>%s → <b>%s</b>", gd_html_percent(page, s->base),
                    gd_html_percent(page, s->now));
        if (!isnan(s->truth))
            gd_text_add(page->out, "<small class=truth>%s</small>", gd_html_percent(page, s->truth));
        gd_text_add(page->out, "\n");
    }
    gd_text_add(page->out, "</dl>\n");
}
