// SPDX-License-Identifier: Apache-2.0
#include "monitor/compare.h"

#include "monitor/distance.h"
#include "monitor/smirnov.h"

#include <math.h>
#include <stdlib.h>

enum { DECILES = 10, EXACT_CELLS = 20000000 /* some ms of the test */ };

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

static gd_status try_exact(const gd_sample *f, const gd_sample *g, gd_comparison *c, gd_error *error)
{
    const double cells = 2 * c->ks * (double)f->items * (double)g->items;
    if (f->upto || g->upto || cells > EXACT_CELLS || f->items + g->items > EXACT_CELLS)
        return GD_OK;
    uint8_t *ends = malloc(f->items + g->items);
    if (!ends)
        return gd_fail(error, GD_NOMEM, "out of memory for a test of %zu and %zu numbers", f->items, g->items);
    gd_status status = GD_OK;
    if (cells + mark_ends(f, g, ends) <= EXACT_CELLS) {
        status = gd_smirnov_exact(c->ks, f->items, g->items, ends, &c->p, error);
        c->exact = status == GD_OK;
    }
    free(ends);
    return status;
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

/* What both sketches may be off by, taken off, and the chance that it is not enough. */
static double less_error(double distance, double times, const gd_sample *f, const gd_sample *g)
{
    return fmax(0, distance - times * (f->error + g->error));
}

static double chance_of_error(const gd_sample *f, const gd_sample *g)
{
    return GD_SAMPLE_CHANCE * ((f->error > 0) + (g->error > 0));
}

gd_status gd_compare(const gd_sample *f, const gd_sample *g, gd_comparison *c, gd_error *error)
{
    *c = none;
    if (f->items == 0 || g->items == 0)
        return GD_OK;
    const double n = (double)f->moments.n, m = (double)g->moments.n;
    measure(f, g, c);
    c->p = fmin(1, gd_smirnov_limit(less_error(c->ks, 1, f, g), n, m) + chance_of_error(f, g));
    return try_exact(f, g, c, error);
}

gd_status gd_compare_circular(const gd_sample *reference, const gd_sample *current, double period, gd_comparison *c,
                              gd_error *error)
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
        c->p = fmin(1, gd_kuiper_limit(less_error(c->kuiper, 2, reference, current), n, m) + chance_of_error(&f, &g));
    }
    gd_sample_release(&f);
    gd_sample_release(&g);
    return status;
}
