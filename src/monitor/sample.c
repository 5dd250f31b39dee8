// SPDX-License-Identifier: Apache-2.0
#include "monitor/sample.h"

#include "monitor/sort.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double two_pi = 6.283185307179586;

static gd_status no_memory(size_t n, gd_error *error)
{
    return gd_fail(error, GD_NOMEM, "out of memory for a column of %zu numbers", n);
}

typedef struct standing {
    double x;
    uint64_t stands_for;
} standing;

static int by_number(const void *a, const void *b)
{
    const double x = ((const standing *)a)->x, y = ((const standing *)b)->x;
    return (x > y) - (x < y);
}

gd_status gd_sample_of_sketch(gd_sample *s, const gd_sketch *sketch, gd_error *error)
{
    *s = (gd_sample){.moments = sketch->moments};
    const size_t items = (size_t)(GD_SKETCH_ITEMS - sketch->start[0]);
    standing *all = malloc((items + 1) * sizeof *all);
    s->x = malloc((items + 1) * sizeof *s->x);
    s->upto = malloc((items + 1) * sizeof *s->upto);
    if (!all || !s->x || !s->upto) {
        free(all);
        gd_sample_release(s);
        return no_memory(items, error);
    }
    for (int h = 0; h < sketch->levels; h++) {
        size_t n;
        const double *x = gd_sketch_level(sketch, h, &n);
        for (size_t i = 0; i < n; i++)
            all[s->items++] = (standing){x[i], (uint64_t)1 << h};
    }
    qsort(all, items, sizeof *all, by_number);
    uint64_t upto = 0;
    for (size_t i = 0; i < items; i++) {
        s->x[i] = all[i].x;
        s->upto[i] = upto += all[i].stands_for;
    }
    free(all);
    if (upto == items) { /* one each: exact */
        free(s->upto);
        s->upto = NULL;
    }
    if (items > 0) /* at every one of the n ranks: a chance of its own each */
        s->error = gd_sketch_error(sketch, GD_SAMPLE_CHANCE / (double)sketch->moments.n);
    return GD_OK;
}

void gd_sample_release(gd_sample *s)
{
    free(s->x);
    free(s->upto);
    *s = (gd_sample){0};
}

/* How many items are < x, or <= x where `with`. */
static size_t items_below(const gd_sample *s, double x, int with)
{
    size_t low = 0, high = s->items;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (s->x[middle] < x || (with && s->x[middle] == x))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

double gd_sample_rank(const gd_sample *s, double x) { return gd_sample_count(s, items_below(s, x, 1)); }
double gd_sample_rank_below(const gd_sample *s, double x) { return gd_sample_count(s, items_below(s, x, 0)); }

double gd_sample_quantile(const gd_sample *s, double q)
{
    if (s->items == 0)
        return NAN;
    const double want = q * (double)s->moments.n;
    size_t low = 0, high = s->items - 1;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (gd_sample_count(s, middle + 1) < want)
            low = middle + 1;
        else
            high = middle;
    }
    return s->x[low];
}

double gd_sample_circular_mean(const gd_sample *s, double period)
{
    enum { ENOUGH = 4096 };
    const size_t stride = s->upto ? 1 : 1 + s->items / ENOUGH;
    double across = 0, up = 0;
    for (size_t i = stride / 2; i < s->items; i += stride) {
        const double angle = s->x[i] / period * two_pi, n = gd_sample_count(s, i + 1) - gd_sample_count(s, i);
        across += n * cos(angle);
        up += n * sin(angle);
    }
    const double mean = atan2(up, across) / two_pi * period;
    return s->items == 0 ? NAN : mean < 0 ? mean + period : mean;
}

gd_status gd_sample_unwrap(gd_sample *to, const gd_sample *from, double cut, double period, gd_error *error)
{
    const size_t n = from->items;
    *to = (gd_sample){.items = n, .error = 2 * from->error, .moments.absent = from->moments.absent};
    if (n > 0 && (from->x[0] < 0 || from->x[n - 1] > period))
        return gd_fail(error, GD_INVALID, "%g on a circle of 0 to %g", from->x[0] < 0 ? from->x[0] : from->x[n - 1],
                       period);
    to->x = malloc((n + 1) * sizeof *to->x);
    to->upto = from->upto ? malloc((n + 1) * sizeof *to->upto) : NULL;
    if (!to->x || (from->upto && !to->upto)) {
        gd_sample_release(to);
        return no_memory(n, error);
    }
    const size_t first = items_below(from, cut, 0);
    uint64_t upto = 0;
    for (size_t i = 0; i < n; i++) {
        const size_t source = first + i < n ? first + i : first + i - n;
        to->x[i] = from->x[source] - (first + i < n ? period : 0);
        if (from->upto)
            to->upto[i] = upto += from->upto[source] - (source > 0 ? from->upto[source - 1] : 0);
    }
    gd_moments_add_counted(&to->moments, to->x, to->upto, n);
    return GD_OK;
}
