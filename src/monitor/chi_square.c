// SPDX-License-Identifier: Apache-2.0
#include "monitor/chi_square.h"

#include "base/rng.h"
#include "monitor/special.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

enum { LEAST = 1, PLENTY = 100, DRAWS = 20000, CELLS_DRAWN = 4000000, EXCEEDED = 50 };

/* Two rows by `cells` columns, of which the smaller row is looked at: it holds `drawn` of `all`. */
typedef struct table {
    int cells;
    double all, drawn;
    double *column; /* (cells) sums of both rows */
    double *count;  /* (cells) of the smaller row */
} table;

static double expected(const table *t, int cell) { return t->column[cell] * (t->drawn / t->all); }

static double term(const table *t, int cell, double count)
{
    const double away = count - expected(t, cell);
    return away * away / (expected(t, cell) * (1 - t->drawn / t->all));
}

/* Columns without a count go; then rare ones become one. */
static void fill(table *t, int n, const double *small, const double *large)
{
    for (int i = 0; i < n; i++)
        if (small[i] + large[i] > 0) {
            t->column[t->cells] = small[i] + large[i];
            t->count[t->cells++] = small[i];
        }
}

static void pool(table *t, const table *all)
{
    double column = 0, count = 0;
    for (int i = 0; i < all->cells; i++) {
        if (expected(all, i) < LEAST) {
            column += all->column[i];
            count += all->count[i];
        } else {
            t->column[t->cells] = all->column[i];
            t->count[t->cells++] = all->count[i];
        }
    }
    if (column > 0) {
        t->column[t->cells] = column;
        t->count[t->cells++] = count;
    }
}

/* Of drawing n out of `all`, `marked` of which are marked: the chance of k marked ones, and by what it grows to k + 1.
 */
typedef struct urn {
    double all, marked, n;
} urn;

static double chance(const urn *u, double k)
{
    return exp(gd_log_choose(u->marked, k) + gd_log_choose(u->all - u->marked, u->n - k) - gd_log_choose(u->all, u->n));
}

static double ratio_up(const urn *u, double k)
{
    return (u->marked - k) * (u->n - k) / ((k + 1) * (u->all - u->marked - u->n + k + 1));
}

/* The number of marked ones that `unit`, in [0, 1), stands for: by taking off chances, from the likeliest outwards. */
static double draw_marked(const urn *u, double unit)
{
    const double least = fmax(0, u->n + u->marked - u->all), most = fmin(u->n, u->marked);
    const double likeliest = floor((u->n + 1) * (u->marked + 1) / (u->all + 2));
    double low = likeliest, high = likeliest, at_low = chance(u, likeliest), at_high = at_low;
    unit -= at_low;
    while (unit >= 0 && at_low + at_high > 1e-18) { /* what is left then is rounding */
        at_high = high < most ? at_high * ratio_up(u, high) : 0;
        high += high < most;
        unit -= at_high;
        if (unit < 0)
            return high;
        at_low = low > least ? at_low / ratio_up(u, low - 1) : 0;
        low -= low > least;
        unit -= at_low;
        if (unit < 0)
            return low;
    }
    return likeliest;
}

/* The statistic of a table with the same sums. */
static double draw_table(const table *t, uint32_t number)
{
    double statistic = 0;
    urn left = {.all = t->all, .n = t->drawn};
    for (int i = 0; i < t->cells; i++) {
        const gd_philox word = gd_rng(0, GD_RNG_TABLE, number, (uint64_t)i);
        const double unit = ldexp((double)((uint64_t)word.at[0] << 21 | word.at[1] >> 11), -53);
        left.marked = t->column[i];
        const double count = i + 1 < t->cells ? draw_marked(&left, unit) : left.n;
        statistic += term(t, i, count);
        left.all -= t->column[i];
        left.n -= count;
    }
    return statistic;
}

/* The chance of at least as many as here in that direction from what is expected. */
static double tail(const table *t, int cell)
{
    const urn u = {t->all, t->column[cell], t->drawn};
    double k = t->count[cell], at = chance(&u, k), sum = 0;
    const int step = k >= expected(t, cell) ? 1 : -1;
    for (; at > sum * 1e-17; k += step) {
        sum += at;
        at *= step > 0 ? ratio_up(&u, k) : k > 0 ? 1 / ratio_up(&u, k - 1) : 0;
    }
    return sum;
}

static double farthest_p(const table *t)
{
    double least = 1;
    for (int i = 0; i < t->cells; i++)
        least = fmin(least, tail(t, i));
    return fmin(1, 2 * least * t->cells);
}

/* False where not one was as far out. */
static bool draw_p(const table *t, gd_chi_square *test)
{
    const int draws = CELLS_DRAWN / t->cells < DRAWS ? CELLS_DRAWN / t->cells : DRAWS;
    int exceeded = 0, drawn = 0;
    for (; drawn < draws && exceeded < EXCEEDED; drawn++)
        exceeded += draw_table(t, (uint32_t)drawn) >= test->statistic * (1 - 1e-9);
    test->how = GD_CHI_SQUARE_DRAWN;
    test->p = exceeded == EXCEEDED ? (double)exceeded / drawn : (exceeded + 1.0) / (draws + 1.0);
    return exceeded > 0;
}

static void find_p(const table *all, const table *t, gd_chi_square *test)
{
    double least = INFINITY;
    for (int i = 0; i < t->cells && t->cells > 1; i++) {
        test->statistic += term(t, i, t->count[i]);
        least = fmin(least, expected(t, i));
    }
    if (t->cells > 1) {
        test->p = gd_chi_square_upper(test->statistic, test->freedom);
        if (least >= PLENTY || test->p > 0.1 || draw_p(t, test))
            return;
    }
    const double p = farthest_p(all);
    if (p < test->p) {
        test->p = p;
        test->how = GD_CHI_SQUARE_FARTHEST;
    }
}

gd_status gd_chi_square_test(int n, const double *reference, const double *current, gd_chi_square *test,
                             gd_error *error)
{
    double all_reference = 0, all_current = 0;
    for (int i = 0; i < n; i++) {
        all_reference += reference[i];
        all_current += current[i];
    }
    const size_t cells = (size_t)n;
    double *memory = malloc((4 * cells + 1) * sizeof *memory);
    if (!memory)
        return gd_fail(error, GD_NOMEM, "out of memory for a test of %d categories", n);
    const bool swapped = all_reference < all_current;
    const double sum = all_reference + all_current, drawn = swapped ? all_reference : all_current;
    table all = {0, sum, drawn, memory, memory + cells};
    table pooled = {0, sum, drawn, memory + 2 * cells, memory + 3 * cells};
    fill(&all, n, swapped ? reference : current, swapped ? current : reference);
    pool(&pooled, &all);
    *test = (gd_chi_square){.p = 1, .freedom = pooled.cells - 1};
    find_p(&all, &pooled, test);
    free(memory);
    return GD_OK;
}
