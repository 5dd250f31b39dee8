// SPDX-License-Identifier: Apache-2.0
#include "monitor/features_test.h"

#include "base/rng.h"
#include "monitor/features.h"
#include "monitor/special.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static const double ridge = 0.3; /* of the mean variance */

/* Rows of both, the baseline's first. */
typedef struct pooled {
    int n, m, fewer, dims;
    float *row;      /* (n + m,dims), as coordinates in which S is 1, around the mean of all */
    double *factor;  /* (dims,dims): S = U^T U; of U the part on and above the diagonal */
    double *sum;     /* (dims) */
    double *square;  /* (n + m): |row|^2 */
    float *kernel;   /* (n + m) rows: of row i against rows 0 to i - 1 */
    double *total;   /* (n + m): of row i against all */
    int *order;      /* (n + m): a permutation */
    char *in;        /* (n + m): whether a row is among its first */
    uint16_t *dealt; /* (DEALS,fewer) rows, rising */
    float *block;    /* (dims,BLOCK) */
} pooled;

enum { BLOCK = 16 /* rows whose products are in registers */, DEALS = 1 + GD_PERMUTATIONS };
_Static_assert(2 * GD_FEATURES_TEST_MOST <= UINT16_MAX, "a row's number fits");

static bool pooled_new(int n, int m, int dims, pooled *p)
{
    const size_t rows = (size_t)n + (size_t)m, d = (size_t)dims;
    *p = (pooled){.n = n, .m = m, .fewer = m < n ? m : n, .dims = dims};
    p->row = malloc(sizeof *p->row * rows * d);
    p->factor = malloc(sizeof *p->factor * d * d);
    p->sum = malloc(sizeof *p->sum * d);
    p->square = malloc(sizeof *p->square * rows);
    p->kernel = malloc(sizeof *p->kernel * rows * (rows - 1) / 2);
    p->total = calloc(rows, sizeof *p->total);
    p->order = malloc(sizeof *p->order * rows);
    p->in = malloc(rows);
    p->dealt = malloc(sizeof *p->dealt * DEALS * (size_t)p->fewer);
    p->block = malloc(sizeof *p->block * d * BLOCK);
    return p->row && p->factor && p->sum && p->square && p->kernel && p->total && p->order && p->in && p->dealt &&
           p->block;
}

static void pooled_free(pooled *p)
{
    free(p->row);
    free(p->factor);
    free(p->sum);
    free(p->square);
    free(p->kernel);
    free(p->total);
    free(p->order);
    free(p->in);
    free(p->dealt);
    free(p->block);
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

static float *kernel_row(const pooled *p, size_t i) { return p->kernel + i * (i - 1) / 2; }

/* The kernel of all pairs, BLOCK columns at a time. */
static void fill_kernel(pooled *p, double width)
{
    const size_t rows = (size_t)p->n + (size_t)p->m, dims = (size_t)p->dims;
    for (size_t first = 0; first < rows; first += BLOCK) {
        for (size_t t = 0; t < BLOCK; t++) {
            for (size_t k = 0; k < dims; k++)
                p->block[k * BLOCK + t] = first + t < rows ? p->row[(first + t) * dims + k] : 0;
        }
        for (size_t i = first + 1; i < rows; i++) {
            float dot[BLOCK] = {0};
            for (size_t k = 0; k < dims; k++) {
                for (size_t t = 0; t < BLOCK; t++)
                    dot[t] += p->row[i * dims + k] * p->block[k * BLOCK + t];
            }
            for (size_t j = first; j < i && j < first + BLOCK; j++) {
                const double apart = p->square[i] + p->square[j] - 2 * (double)dot[j - first];
                const float value = expf((float)(-apart / width));
                kernel_row(p, i)[j] = value;
                p->total[i] += (double)value;
                p->total[j] += (double)value;
            }
        }
    }
}

/* False where all rows are one. */
static bool compare_rows(pooled *p)
{
    const size_t rows = (size_t)p->n + (size_t)p->m;
    double all = 0;
    for (size_t i = 0; i < rows; i++) {
        p->square[i] = 0;
        for (int k = 0; k < p->dims; k++)
            p->square[i] += pow((double)p->row[i * (size_t)p->dims + (size_t)k], 2);
        all += p->square[i];
        p->total[i] = 1; /* itself */
    }
    if (!(all > 0))
        return false;
    fill_kernel(p, 2 * all / (double)(rows - 1)); /* the rows' mean is 0 */
    return true;
}

/* The first `fewer` rows of the order as a deal's, rising. */
static void note_deal(pooled *p, int deal)
{
    uint16_t *to = p->dealt + (size_t)deal * (size_t)p->fewer;
    const int rows = p->n + p->m;
    memset(p->in, 0, (size_t)rows);
    for (int i = 0; i < p->fewer; i++)
        p->in[p->order[i]] = 1;
    for (int i = 0; i < rows; i++) {
        if (p->in[i])
            *to++ = (uint16_t)i;
    }
}

/* Deal 0 is who is of the window, or of the baseline if these are fewer; the others are permutations. */
static void deal_out(pooled *p, uint64_t seed)
{
    const int rows = p->n + p->m;
    for (int i = 0; i < rows; i++)
        p->order[i] = p->m < p->n ? rows - 1 - i : i;
    note_deal(p, 0);
    for (int b = 0; b < GD_PERMUTATIONS; b++) {
        for (int i = 0; i < p->fewer; i++) {
            const uint32_t random = gd_rng(seed, GD_RNG_PERMUTE, (uint32_t)b, (uint64_t)i).at[0];
            const int j = i + (int)gd_rng_below(random, (uint32_t)(rows - i)), was = p->order[i];
            p->order[i] = p->order[j];
            p->order[j] = was;
        }
        note_deal(p, b + 1);
    }
}

static double sum_of(const float *row, const uint16_t *in, int n)
{
    double sum[4] = {0};
    int j = 0;
    for (; j + 4 <= n; j += 4) {
        for (int t = 0; t < 4; t++)
            sum[t] += (double)row[in[j + t]];
    }
    for (; j < n; j++)
        sum[0] += (double)row[in[j]];
    return sum[0] + sum[1] + sum[2] + sum[3];
}

/* MMD^2 between each deal's rows and the others. With the kernel centred, so that sums over all rows are 0, it is
 * (1 / n + 1 / m)^2 times its sum over pairs of the former. A row of the kernel is read once, for all deals that have
 * it: all together they are read from memory, and the rest is short. */
static void discrepancies(pooled *p, double apart[DEALS])
{
    const int rows = p->n + p->m;
    double all = 0, total[DEALS] = {0}, within[DEALS];
    int found[DEALS] = {0};
    for (int b = 0; b < DEALS; b++)
        within[b] = p->fewer;
    for (int i = 0; i < rows; i++) {
        all += p->total[i];
        for (int b = 0; b < DEALS; b++) {
            const uint16_t *in = p->dealt + (size_t)b * (size_t)p->fewer;
            if (found[b] == p->fewer || in[found[b]] != i)
                continue;
            total[b] += p->total[i];
            within[b] += 2 * sum_of(kernel_row(p, (size_t)i), in, found[b]++);
        }
    }
    const double share = (double)p->fewer / rows, weight = 1.0 / p->n + 1.0 / p->m;
    for (int b = 0; b < DEALS; b++)
        apart[b] = weight * weight * (within[b] - 2 * share * total[b] + share * share * all);
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
    double apart[DEALS], mean = 0;
    deal_out(p, seed);
    discrepancies(p, apart);
    for (int b = 1; b < DEALS; b++)
        mean += apart[b] / GD_PERMUTATIONS;
    change->statistic = apart[0];
    change->p = upper_tail(apart + 1, apart[0]);
    change->distance = sqrt(fmax(0, apart[0] - mean));
}

gd_status gd_features_test(const float *baseline, int n, const float *window, int m, int dims, uint64_t seed,
                           gd_features_change *change, gd_error *error)
{
    pooled p = {0};
    if (n < GD_FEATURES_TEST_LEAST || m < GD_FEATURES_TEST_LEAST)
        return gd_fail(error, GD_INVALID,
                       "features of %d and %d pictures are too few to compare: %d of both are needed", n, m,
                       GD_FEATURES_TEST_LEAST);
    if (n > GD_FEATURES_TEST_MOST || m > GD_FEATURES_TEST_MOST)
        return gd_fail(error, GD_INVALID,
                       "features of %d and %d pictures are too many to compare: %d of either at most", n, m,
                       GD_FEATURES_TEST_MOST);
    if (dims < 1 || dims > GD_FEATURES_MOST)
        return gd_fail(error, GD_INVALID, "%d features a picture: 1 to %d can be compared", dims, GD_FEATURES_MOST);
    if (!pooled_new(n, m, dims, &p)) {
        pooled_free(&p);
        return gd_fail(error, GD_NOMEM, "out of memory for %d and %d rows of %d features", n, m, dims);
    }
    const gd_status status = whiten(baseline, window, &p, error);
    *change = (gd_features_change){0, 1, 0};
    if (status == GD_OK && compare_rows(&p))
        permute(&p, seed, change);
    pooled_free(&p);
    return status;
}
