// SPDX-License-Identifier: Apache-2.0
#include "monitor/features_test.h"

#include "base/rng.h"
#include "monitor/features.h"
#include "monitor/special.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static const double ridge = 0.1; /* of the mean variance */

/* Rows of both, the baseline's first, as coordinates in which S is 1, around the mean of all. */
typedef struct pooled {
    int n, m, dims;
    float *row;     /* (n + m,dims) */
    int *order;     /* (n + m) */
    double *sum;    /* (dims) */
    double *factor; /* (dims,dims): S = U^T U; of U the part on and above the diagonal */
} pooled;

static bool pooled_new(int n, int m, int dims, pooled *p)
{
    const size_t rows = (size_t)n + (size_t)m;
    *p = (pooled){.n = n, .m = m, .dims = dims};
    p->row = malloc(sizeof *p->row * rows * (size_t)dims);
    p->order = calloc(rows, sizeof *p->order);
    p->sum = malloc(sizeof *p->sum * (size_t)dims);
    p->factor = malloc(sizeof *p->factor * (size_t)dims * (size_t)dims);
    return p->row && p->order && p->sum && p->factor;
}

static void pooled_free(pooled *p)
{
    free(p->row);
    free(p->order);
    free(p->sum);
    free(p->factor);
}

/* Cholesky's factor of S in place; the ridge keeps every pivot above 0. */
static void factorise(double *s, int dims)
{
    for (int k = 0; k < dims; k++) {
        double *row = s + (size_t)k * (size_t)dims;
        const double pivot = sqrt(row[k]);
        for (int j = k; j < dims; j++)
            row[j] /= pivot;
        for (int i = k + 1; i < dims; i++) {
            double *to = s + (size_t)i * (size_t)dims;
            for (int j = i; j < dims; j++)
                to[j] -= row[i] * row[j];
        }
    }
}

/* x (dims) becomes U^-T x, whose square is x^T S^-1 x. */
static void solve(const double *factor, int dims, double *x)
{
    for (int k = 0; k < dims; k++) {
        const double *row = factor + (size_t)k * (size_t)dims, at = x[k] / row[k];
        x[k] = at;
        for (int j = k + 1; j < dims; j++)
            x[j] -= at * row[j];
    }
}

/* Coordinates of `rows` rows. */
static void place(pooled *p, const float *from, int rows, const double *mean, float *to)
{
    for (int i = 0; i < rows; i++, from += p->dims, to += p->dims) {
        for (int k = 0; k < p->dims; k++)
            p->sum[k] = (double)from[k] - mean[k];
        solve(p->factor, p->dims, p->sum);
        for (int k = 0; k < p->dims; k++)
            to[k] = (float)p->sum[k];
    }
}

static gd_status whiten(const float *baseline, const float *window, pooled *p, gd_error *error)
{
    const size_t dims = (size_t)p->dims;
    gd_scatter scatter;
    double trace = 0;
    gd_status status = GD_OK;
    GD_TRY_TO(done, gd_scatter_init(&scatter, p->dims, error));
    gd_scatter_add(&scatter, baseline, p->n);
    gd_scatter_add(&scatter, window, p->m);
    if (scatter.skipped > 0)
        GD_TRY_TO(done, gd_fail(error, GD_NUMERIC, "%lld pictures have features that are not finite",
                                (long long)scatter.skipped));
    gd_scatter_covariance(&scatter, p->factor);
    for (size_t k = 0; k < dims; k++)
        trace += p->factor[k * dims + k];
    for (size_t k = 0; k < dims; k++)
        p->factor[k * dims + k] += trace > 0 ? ridge * trace / p->dims : 1; /* 1: all rows are one */
    factorise(p->factor, p->dims);
    place(p, baseline, p->n, scatter.mean, p->row);
    place(p, window, p->m, scatter.mean, p->row + (size_t)p->n * dims);
done:
    gd_scatter_release(&scatter);
    return status;
}

/* |mean of the window - mean of the baseline|^2, from the sum over `count` rows that are one of both: all rows together
 * sum to 0. */
static double distance_of(pooled *p, const int *row, int count)
{
    double square = 0;
    memset(p->sum, 0, sizeof(double) * (size_t)p->dims);
    for (int i = 0; i < count; i++) {
        const float *from = p->row + (size_t)row[i] * (size_t)p->dims;
        for (int k = 0; k < p->dims; k++)
            p->sum[k] += (double)from[k];
    }
    for (int k = 0; k < p->dims; k++)
        square += p->sum[k] * p->sum[k];
    const double n = p->n, m = p->m;
    return square * (1 / n + 1 / m) * (1 / n + 1 / m);
}

/* The chance of x or more, of what `drawn` are draws of. */
static double upper_tail(const double *drawn, double x)
{
    double mean = 0, variance = 0, third = 0, reach = 0;
    for (int i = 0; i < GD_PERMUTATIONS; i++)
        mean += drawn[i] / GD_PERMUTATIONS;
    for (int i = 0; i < GD_PERMUTATIONS; i++) {
        const double apart = drawn[i] - mean;
        variance += apart * apart / (GD_PERMUTATIONS - 1);
        third += apart * apart * apart / GD_PERMUTATIONS;
        reach += drawn[i] >= x;
    }
    if (reach >= 10 || !(variance > 0))
        return (reach + 1) / (GD_PERMUTATIONS + 1);
    const double deviation = sqrt(variance), skewness = third / (variance * deviation), z = (x - mean) / deviation;
    if (skewness < 0.01)
        return gd_normal_upper(z);
    const double shape = 4 / (skewness * skewness);
    return gd_chi_square_upper(2 * (shape + z * sqrt(shape)), 2 * shape);
}

static void permute(pooled *p, uint64_t seed, gd_features_change *change)
{
    const int rows = p->n + p->m, fewer = p->m < p->n ? p->m : p->n;
    double drawn[GD_PERMUTATIONS], mean = 0;
    for (int i = 0; i < rows; i++)
        p->order[i] = p->m < p->n ? rows - 1 - i : i; /* those of which there are fewer come first */
    const double apart = distance_of(p, p->order, fewer);
    for (int b = 0; b < GD_PERMUTATIONS; b++) {
        for (int i = 0; i < fewer; i++) {
            const uint32_t random = gd_rng(seed, GD_RNG_PERMUTE, (uint32_t)b, (uint64_t)i).at[0];
            const int j = i + (int)gd_rng_below(random, (uint32_t)(rows - i)), was = p->order[i];
            p->order[i] = p->order[j];
            p->order[j] = was;
        }
        drawn[b] = distance_of(p, p->order, fewer);
        mean += drawn[b] / GD_PERMUTATIONS;
    }
    change->statistic = apart * p->n * p->m / rows;
    change->p = upper_tail(drawn, apart);
    change->distance = sqrt(fmax(0, apart - mean));
}

gd_status gd_features_test(const float *baseline, int n, const float *window, int m, int dims, uint64_t seed,
                           gd_features_change *change, gd_error *error)
{
    pooled p = {0};
    if (n < GD_FEATURES_TEST_LEAST || m < GD_FEATURES_TEST_LEAST)
        return gd_fail(error, GD_INVALID,
                       "features of %d and %d pictures are too few to compare: %d of both are needed", n, m,
                       GD_FEATURES_TEST_LEAST);
    if (dims < 1 || dims > GD_FEATURES_MOST)
        return gd_fail(error, GD_INVALID, "%d features a picture: 1 to %d can be compared", dims, GD_FEATURES_MOST);
    if (!pooled_new(n, m, dims, &p)) {
        pooled_free(&p);
        return gd_fail(error, GD_NOMEM, "out of memory for %d and %d rows of %d features", n, m, dims);
    }
    const gd_status status = whiten(baseline, window, &p, error);
    if (status == GD_OK)
        permute(&p, seed, change);
    pooled_free(&p);
    return status;
}
