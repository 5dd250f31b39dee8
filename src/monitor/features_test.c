// SPDX-License-Identifier: Apache-2.0
#include "monitor/features_test.h"

#include "base/rng.h"
#include "monitor/features.h"
#include "monitor/special.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double ridge = 0.1; /* of the mean variance; docs in the header */

/* Rows of both, the baseline's first, as coordinates of unit variance around the mean of all. */
typedef struct pooled {
    int n, m, dims;
    float *row;  /* (n + m,dims) */
    int *order;  /* (n + m) */
    double *sum; /* (dims) */
} pooled;

static gd_status pooled_new(int n, int m, int dims, pooled *p, gd_error *error)
{
    const size_t rows = (size_t)n + (size_t)m;
    *p = (pooled){n, m, dims, NULL, NULL, NULL};
    p->row = malloc(sizeof(float) * rows * (size_t)dims);
    p->order = malloc(sizeof(int) * rows);
    p->sum = malloc(sizeof(double) * (size_t)dims);
    return p->row && p->order && p->sum
               ? GD_OK
               : gd_fail(error, GD_NOMEM, "out of memory for %zu rows of %d features", rows, dims);
}

static void pooled_free(pooled *p)
{
    free(p->row);
    free(p->order);
    free(p->sum);
}

static gd_status whiten(const float *baseline, const float *window, pooled *p, gd_error *error)
{
    const int dims = p->dims;
    gd_scatter scatter;
    gd_directions directions = {0};
    double trace = 0;
    GD_TRY(gd_scatter_init(&scatter, dims, error));
    gd_scatter_add(&scatter, baseline, p->n);
    gd_scatter_add(&scatter, window, p->m);
    gd_status status = GD_OK;
    if (scatter.skipped > 0)
        GD_TRY_TO(done, gd_fail(error, GD_NUMERIC, "%lld pictures have features that are not finite",
                                (long long)scatter.skipped));
    GD_TRY_TO(done, gd_directions_init(&directions, &scatter, error));
    for (int k = 0; k < dims; k++)
        trace += directions.variance[k];
    for (int i = 0; i < p->n + p->m; i++) {
        const float *from = i < p->n ? baseline + (size_t)i * (size_t)dims : window + (size_t)(i - p->n) * (size_t)dims;
        gd_features_project(&directions, from, dims, p->sum);
        for (int k = 0; k < dims; k++) {
            const double variance = directions.variance[k] + ridge * trace / dims;
            p->row[(size_t)i * (size_t)dims + (size_t)k] = variance > 0 ? (float)(p->sum[k] / sqrt(variance)) : 0;
        }
    }
done:
    gd_scatter_release(&scatter);
    gd_directions_release(&directions);
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
    gd_status status = GD_OK;
    GD_TRY_TO(done, pooled_new(n, m, dims, &p, error));
    GD_TRY_TO(done, whiten(baseline, window, &p, error));
    permute(&p, seed, change);
done:
    pooled_free(&p);
    return status;
}
