// SPDX-License-Identifier: Apache-2.0
#include "monitor/compare.h"

#include "monitor/anderson.h"
#include "monitor/distance.h"
#include "monitor/special.h"

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

/* Both samples' numbers in order, equal ones together: the share of all that each is, and Anderson's and Darling's
 * distance of gaps that are smaller by `slack`. */
typedef struct pool {
    double *share; /* owned */
    size_t n;
    double distance, surely; /* A^2 as measured, and less slack */
} pool;

static gd_status pool_of(const gd_sample *f, const gd_sample *g, double slack, pool *p, gd_error *error)
{
    const double n = (double)f->moments.n, m = (double)g->moments.n, all = n + m;
    *p = (pool){.share = malloc((f->items + g->items) * sizeof *p->share)};
    if (!p->share)
        return gd_fail(error, GD_NOMEM, "out of memory for a test of %zu and %zu numbers", f->items, g->items);
    double below = 0, f_below = 0, g_below = 0;
    for (size_t i = 0, j = 0; i < f->items || j < g->items;) {
        const double x = j == g->items || (i < f->items && f->x[i] <= g->x[j]) ? f->x[i] : g->x[j];
        while (i < f->items && f->x[i] == x)
            i++;
        while (j < g->items && g->x[j] == x)
            j++;
        const double f_upto = gd_sample_count(f, i) / n, g_upto = gd_sample_count(g, j) / m;
        const double share = ((f_upto - f_below) * n + (g_upto - g_below) * m) / all;
        const double far = fabs(f_below + f_upto - g_below - g_upto) / 2, sure = fmax(0, far - slack);
        const double weight = gd_anderson_weight(below, share);
        p->distance += weight * far * far;
        p->surely += weight * sure * sure;
        p->share[p->n++] = share;
        below += share;
        f_below = f_upto;
        g_below = g_upto;
    }
    p->distance *= gd_anderson_scale(n, m);
    p->surely *= gd_anderson_scale(n, m);
    return GD_OK;
}

/* That a sketch's ranks are off by more than its `error`. */
static double chance_of_error(const gd_sample *f, const gd_sample *g)
{
    return GD_SAMPLE_CHANCE * ((f->error > 0) + (g->error > 0));
}

static gd_status test(const gd_sample *f, const gd_sample *g, gd_comparison *c, gd_error *error)
{
    pool p;
    GD_TRY(pool_of(f, g, f->error + g->error, &p, error));
    c->anderson = p.distance;
    const double least = gd_anderson_rarest(f->moments.n, g->moments.n);
    c->p = fmin(1, fmax(least, gd_anderson_upper(p.surely, p.share, p.n)) + chance_of_error(f, g));
    free(p.share);
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
    .ks = NAN, .robust = NAN, .anderson = NAN, .kuiper = NAN, .p = NAN, .psi = NAN, .js = NAN, .wasserstein = NAN};

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
        c->p = fmin(1, gd_kuiper_upper_two(v, n, m) + chance_of_error(&f, &g));
    }
    gd_sample_release(&f);
    gd_sample_release(&g);
    return status;
}
