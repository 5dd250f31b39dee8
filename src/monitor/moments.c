// SPDX-License-Identifier: Apache-2.0
#include "monitor/moments.h"

#include <math.h>

enum { BLOCK = 512 };

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
    m->n += other->n;
    add_to_sum(m, other->sum);
    m->carry += other->carry;
}

/* Four sums beside each other, so that they do not wait for one another. */
static double sum_of(const double *x, int n, double around, int power)
{
    double sum[4] = {0};
    for (int i = 0; i < n; i++) {
        const double away = x[i] - around;
        sum[i % 4] += power == 1 ? away : away * away;
    }
    return (sum[0] + sum[1]) + (sum[2] + sum[3]);
}

/* Of a block without what is no number, which moves the others to its front. */
static gd_moments of_block(double *x, int n)
{
    gd_moments m = {0};
    int kept = 0;
    for (int i = 0; i < n; i++) {
        x[kept] = x[i];
        kept += fabs(x[i]) <= GD_MONITOR_LARGEST; /* not so of NaN */
    }
    m.n = (uint64_t)kept;
    m.absent = (uint64_t)(n - kept);
    if (kept == 0)
        return m;
    m.min = m.max = x[0];
    for (int i = 1; i < kept; i++) {
        m.min = x[i] < m.min ? x[i] : m.min;
        m.max = x[i] > m.max ? x[i] : m.max;
    }
    const double about = x[0]; /* a block of equal numbers has exactly their mean */
    m.sum = about * kept;
    m.carry = sum_of(x, kept, about, 1);
    const double mean = about + m.carry / kept, off = sum_of(x, kept, mean, 1);
    m.squares = fmax(0, sum_of(x, kept, mean, 2) - off * off / kept);
    return m;
}

void gd_moments_add(gd_moments *m, const double *x, size_t n)
{
    double block[BLOCK];
    for (size_t first = 0; first < n; first += BLOCK) {
        const int here = n - first < BLOCK ? (int)(n - first) : BLOCK;
        for (int i = 0; i < here; i++)
            block[i] = x[first + (size_t)i];
        const gd_moments added = of_block(block, here);
        gd_moments_merge(m, &added);
    }
}

void gd_moments_add_floats(gd_moments *m, const float *x, size_t n)
{
    double block[BLOCK];
    for (size_t first = 0; first < n; first += BLOCK) {
        const int here = n - first < BLOCK ? (int)(n - first) : BLOCK;
        for (int i = 0; i < here; i++)
            block[i] = (double)x[first + (size_t)i];
        const gd_moments added = of_block(block, here);
        gd_moments_merge(m, &added);
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
