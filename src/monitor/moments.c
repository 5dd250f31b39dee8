// SPDX-License-Identifier: Apache-2.0
#include "monitor/moments.h"

#include <math.h>

enum { BLOCK = 512, LANES = 8 };

static void add_to_sum(gd_moments *m, double x)
{
    const double sum = m->sum + x;
    m->carry += fabs(m->sum) >= fabs(x) ? m->sum - sum + x : x - sum + m->sum;
    m->sum = sum;
}

void gd_moments_merge(gd_moments *m, const gd_moments *other)
{
    m->absent += other->absent;
    if (other->n == 0)
        return;
    if (m->n > 0) {
        const double away = gd_moments_mean(other) - gd_moments_mean(m), n = (double)m->n, added = (double)other->n;
        m->squares += other->squares + away * away * (n * added / (n + added));
        m->min = fmin(m->min, other->min);
        m->max = fmax(m->max, other->max);
    } else {
        m->squares = other->squares;
        m->min = other->min;
        m->max = other->max;
    }
    if (m->min == m->max) /* then their means may still differ, by rounding */
        m->squares = 0;
    m->n += other->n;
    add_to_sum(m, other->sum);
    m->carry += other->carry;
}

/* Sums of distances and of their squares, eight beside each other, so that they do not wait for one another. */
static void sum_around(const double *x, int n, double around, double *sum, double *squares)
{
    double s[LANES] = {0}, q[LANES] = {0};
    int i = 0;
    for (; i + LANES <= n; i += LANES)
        for (int lane = 0; lane < LANES; lane++) {
            const double away = x[i + lane] - around;
            s[lane] += away;
            q[lane] += away * away;
        }
    for (; i < n; i++) {
        const double away = x[i] - around;
        s[i % LANES] += away;
        q[i % LANES] += away * away;
    }
    *sum = ((s[0] + s[1]) + (s[2] + s[3])) + ((s[4] + s[5]) + (s[6] + s[7]));
    *squares = ((q[0] + q[1]) + (q[2] + q[3])) + ((q[4] + q[5]) + (q[6] + q[7]));
}

static void find_ends(const double *x, int n, double *min, double *max)
{
    double low[LANES], high[LANES];
    for (int lane = 0; lane < LANES; lane++)
        low[lane] = high[lane] = x[0];
    int i = 0;
    for (; i + LANES <= n; i += LANES)
        for (int lane = 0; lane < LANES; lane++) {
            low[lane] = x[i + lane] < low[lane] ? x[i + lane] : low[lane];
            high[lane] = x[i + lane] > high[lane] ? x[i + lane] : high[lane];
        }
    for (; i < n; i++) {
        low[0] = x[i] < low[0] ? x[i] : low[0];
        high[0] = x[i] > high[0] ? x[i] : high[0];
    }
    *min = low[0];
    *max = high[0];
    for (int lane = 1; lane < LANES; lane++) {
        *min = low[lane] < *min ? low[lane] : *min;
        *max = high[lane] > *max ? high[lane] : *max;
    }
}

/* Of `kept` numbers, where `absent` ones have been left out. */
static void add_block(gd_moments *to, const double *x, int kept, int absent)
{
    gd_moments m = {.n = (uint64_t)kept, .absent = (uint64_t)absent};
    if (kept > 0) {
        double from_first, off, squares;
        find_ends(x, kept, &m.min, &m.max);
        sum_around(x, kept, x[0], &from_first, &squares);
        m.sum = x[0] * kept;
        m.carry = fma(x[0], kept, -m.sum) + from_first;
        sum_around(x, kept, x[0] + from_first / kept, &off, &squares);
        m.squares = fmax(0, squares - off * off / kept);
    }
    gd_moments_merge(to, &m);
}

void gd_moments_add(gd_moments *m, const double *x, size_t n)
{
    double block[BLOCK];
    for (size_t first = 0; first < n; first += BLOCK) {
        const int here = n - first < BLOCK ? (int)(n - first) : BLOCK;
        int kept = 0;
        for (size_t i = first; i < first + (size_t)here; i++)
            if (gd_is_number(x[i]))
                block[kept++] = x[i];
        add_block(m, block, kept, here - kept);
    }
}

void gd_moments_add_counted(gd_moments *m, const double *x, const uint64_t *upto, size_t n)
{
    if (!upto) {
        gd_moments_add(m, x, n);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        const uint64_t count = upto[i] - (i > 0 ? upto[i - 1] : 0);
        gd_moments_merge(m, &(gd_moments){.n = count, .min = x[i], .max = x[i], .sum = x[i] * (double)count});
    }
}

double gd_moments_sum(const gd_moments *m) { return m->n > 0 ? m->sum + m->carry : NAN; }

double gd_moments_mean(const gd_moments *m) { return gd_moments_sum(m) / (double)m->n; }

double gd_moments_deviation(const gd_moments *m) { return m->n > 0 ? sqrt(m->squares / (double)m->n) : NAN; }
