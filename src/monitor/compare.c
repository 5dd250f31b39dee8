// SPDX-License-Identifier: Apache-2.0
#include "monitor/compare.h"

#include "monitor/distance.h"
#include "monitor/smirnov.h"

#include <math.h>
#include <stdlib.h>

enum { DECILES = 10 };

typedef struct gap {
    double above, below; /* max(F - G), max(G - F) */
    double area;         /* integral |F - G| dx */
} gap;

/* One walk along both. Between equal numbers the functions have not arrived: only where a number is left does what has
 * been summed up count. */
static gap gap_between(const gd_sample *f, const gd_sample *g)
{
    const double per_f = 1 / (double)f->moments.n, per_g = 1 / (double)g->moments.n;
    double at = fmin(f->x[0], g->x[0]), ahead = 0;
    gap most = {0};
    for (size_t i = 0, j = 0; i < f->items || j < g->items;) {
        const double x = i < f->items ? f->x[i] : INFINITY, y = j < g->items ? g->x[j] : INFINITY;
        const bool step_f = x <= y;
        const double to = step_f ? x : y, arrived = to > at ? ahead : 0;
        most.above = arrived > most.above ? arrived : most.above;
        most.below = -arrived > most.below ? -arrived : most.below;
        most.area += fabs(ahead) * (to - at);
        at = to;
        i += step_f;
        j += !step_f;
        ahead = gd_sample_count(f, i) * per_f - gd_sample_count(g, j) * per_g;
    }
    return most;
}

/* Of both samples' numbers in order, 1 where the next is another. Returns about how many cells more than without equal
 * numbers the exact test has to walk: over n equal ones its range grows by one each. */
static double mark_ends(const gd_sample *f, const gd_sample *g, uint8_t *end)
{
    const double least = (double)(f->items < g->items ? f->items : g->items);
    double more = 0, run = 1;
    for (size_t i = 0, j = 0; i < f->items || j < g->items;) {
        const bool step_f = j == g->items || (i < f->items && f->x[i] <= g->x[j]);
        const double x = step_f ? f->x[i] : g->x[j];
        i += step_f;
        j += !step_f;
        const bool more_f = i < f->items && f->x[i] == x, more_g = j < g->items && g->x[j] == x;
        end[i + j - 1] = !(more_f || more_g);
        more += fmin(run, least);
        run = end[i + j - 1] ? 1 : run + 1;
    }
    return more;
}

/* That a sketch's ranks are off by more than its `error`. */
static double chance_of_error(const gd_sample *f, const gd_sample *g)
{
    return GD_SAMPLE_CHANCE * ((f->error > 0) + (g->error > 0));
}

/* Of a sketch's numbers it is not known which were equal: they are taken as if none were. */
static gd_status walk(const gd_sample *f, const gd_sample *g, double d, gd_comparison *c, gd_error *error)
{
    if (f->upto || g->upto)
        return gd_smirnov_exact(d, f->moments.n, g->moments.n, NULL, &c->p, error);
    uint8_t *ends = malloc(f->items + g->items);
    if (!ends)
        return gd_fail(error, GD_NOMEM, "out of memory for a test of %zu and %zu numbers", f->items, g->items);
    gd_status status = GD_OK;
    if (2 * d * (double)f->items * (double)g->items + mark_ends(f, g, ends) <= GD_SMIRNOV_CELLS) {
        status = gd_smirnov_exact(d, f->items, g->items, ends, &c->p, error);
        c->exact = status == GD_OK;
    }
    free(ends);
    return status;
}

/* p of D less what sketches may be off by. */
static gd_status test(const gd_sample *f, const gd_sample *g, gd_comparison *c, gd_error *error)
{
    const double n = (double)f->moments.n, m = (double)g->moments.n, d = fmax(0, c->ks - f->error - g->error);
    c->p = gd_smirnov_limit(d, n, m);
    if (gd_smirnov_is_quick(d, n, m))
        GD_TRY(walk(f, g, d, c, error));
    c->p = fmin(1, c->p + chance_of_error(f, g));
    return GD_OK;
}

/* Reference and current in bins of the reference's deciles; how many bins. `cut` numbers of the reference lie below an
 * edge; an edge that comes twice is a number of its own, and is cut off on both sides. */
static int fill_bins(const gd_sample *f, const gd_sample *g, double *reference, double *current)
{
    double f_below = 0, g_below = 0, before = NAN;
    int bins = 0;
    for (int i = 1; i < DECILES; i++) {
        const double edge = gd_sample_quantile(f, (double)i / DECILES);
        if (edge == before)
            continue;
        const bool twice = i + 1 < DECILES && gd_sample_quantile(f, (double)(i + 1) / DECILES) == edge;
        for (int with = !twice; with <= 1; with++) {
            const double f_upto = with ? gd_sample_rank(f, edge) : gd_sample_rank_below(f, edge);
            const double g_upto = with ? gd_sample_rank(g, edge) : gd_sample_rank_below(g, edge);
            reference[bins] = f_upto - f_below;
            current[bins++] = g_upto - g_below;
            f_below = f_upto;
            g_below = g_upto;
        }
        before = edge;
    }
    reference[bins] = (double)f->moments.n - f_below;
    current[bins++] = (double)g->moments.n - g_below;
    return bins;
}

/* All but p. */
static gap measure(const gd_sample *f, const gd_sample *g, gd_comparison *c)
{
    double reference[DECILES], current[DECILES];
    const gap apart = gap_between(f, g);
    const int bins = fill_bins(f, g, reference, current);
    const double deviation = gd_moments_deviation(&f->moments);
    c->ks = fmax(apart.above, apart.below);
    c->robust = gd_distance_robust(c->ks, (double)f->moments.n, (double)g->moments.n);
    c->psi = gd_distance_psi(bins, reference, current);
    c->js = gd_distance_js(bins, reference, current);
    c->wasserstein = apart.area > 0 ? apart.area / deviation : 0;
    return apart;
}

static const gd_comparison none = {
    .ks = NAN, .robust = NAN, .p = NAN, .kuiper = NAN, .psi = NAN, .js = NAN, .wasserstein = NAN};

gd_status gd_sample_compare(const gd_sample *f, const gd_sample *g, gd_comparison *c, gd_error *error)
{
    *c = none;
    if (f->items == 0 || g->items == 0)
        return GD_OK;
    measure(f, g, c);
    return test(f, g, c, error);
}

gd_status gd_sample_compare_circular(const gd_sample *reference, const gd_sample *current, double period,
                                     gd_comparison *c, gd_error *error)
{
    *c = none;
    if (reference->items == 0 || current->items == 0)
        return GD_OK;
    const double mean = gd_sample_circular_mean(reference, period);
    const double cut = mean < period / 2 ? mean + period / 2 : mean - period / 2;
    const double n = (double)reference->moments.n, m = (double)current->moments.n;
    gd_sample f = {0}, g = {0};
    gd_status status = gd_sample_unwrap(&f, reference, cut, period, error);
    if (status == GD_OK)
        status = gd_sample_unwrap(&g, current, cut, period, error);
    if (status == GD_OK) {
        const gap apart = measure(&f, &g, c);
        c->kuiper = apart.above + apart.below;
        const double v = fmax(0, c->kuiper - f.error - g.error); /* twice what ranks are off by: unwrapped ones are */
        c->p = fmin(1, gd_kuiper_limit(v, n, m) + chance_of_error(&f, &g));
    }
    gd_sample_release(&f);
    gd_sample_release(&g);
    return status;
}
