// SPDX-License-Identifier: Apache-2.0
#include "monitor/features.h"

#include "monitor/eigen.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK = 64 /* rows: enough that merging a block costs little, few enough to stay in the cache */ };

gd_status gd_scatter_init(gd_scatter *scatter, int dims, gd_error *error)
{
    *scatter = (gd_scatter){.dims = dims};
    if (dims < 1 || dims > GD_FEATURES_MOST)
        return gd_fail(error, GD_INVALID, "%d features a picture: 1 to %d can be followed", dims, GD_FEATURES_MOST);
    scatter->mean = calloc((size_t)dims, sizeof(double));
    scatter->products = calloc((size_t)dims * (size_t)dims, sizeof(double));
    scatter->block = malloc(sizeof(double) * (size_t)dims * (BLOCK + 1));
    if (scatter->mean && scatter->products && scatter->block)
        return GD_OK;
    gd_scatter_release(scatter);
    return gd_fail(error, GD_NOMEM, "out of memory for the covariance of %d features", dims);
}

void gd_scatter_release(gd_scatter *scatter)
{
    free(scatter->mean);
    free(scatter->products);
    free(scatter->block);
    *scatter = (gd_scatter){0};
}

bool gd_features_finite(const float *row, int n)
{
    float sum = 0; /* of zeros, or not a number */
    for (int i = 0; i < n; i++)
        sum += row[i] * 0;
    return sum == 0;
}

/* products += rows^T rows, four rows at a time; those behind the n rows are zero up to a multiple of four. */
static void add_products(double *products, const double *rows, int n, int dims)
{
    for (int r = 0; r < n; r += 4) {
        const double *a = rows + (size_t)r * (size_t)dims, *b = a + dims, *c = b + dims, *d = c + dims;
        for (int i = 0; i < dims; i++) {
            double *to = products + (size_t)i * (size_t)dims;
            for (int j = i; j < dims; j++)
                to[j] += a[i] * a[j] + b[i] * b[j] + c[i] * c[j] + d[i] * d[j];
        }
    }
}

/* What two parts, n rows of mean `mean` and so many more of mean `more_mean`, add to their products. */
static void join(gd_scatter *scatter, const double *more_mean, int64_t more_n)
{
    const int dims = scatter->dims;
    const double n = (double)(scatter->n + more_n), weight = (double)scatter->n * (double)more_n / n;
    for (int i = 0; i < dims; i++) {
        const double delta = weight * (more_mean[i] - scatter->mean[i]);
        double *to = scatter->products + (size_t)i * (size_t)dims;
        for (int j = i; j < dims; j++)
            to[j] += delta * (more_mean[j] - scatter->mean[j]);
    }
    for (int i = 0; i < dims; i++)
        scatter->mean[i] += (more_mean[i] - scatter->mean[i]) * ((double)more_n / n);
    scatter->n += more_n;
}

/* The n rows of scatter->block. */
static void add_block(gd_scatter *scatter, int n)
{
    const int dims = scatter->dims;
    double *block = scatter->block, *mean = block + (size_t)BLOCK * (size_t)dims;
    memset(mean, 0, sizeof(double) * (size_t)dims);
    for (int r = 0; r < n; r++) {
        for (int i = 0; i < dims; i++)
            mean[i] += block[(size_t)r * (size_t)dims + (size_t)i];
    }
    for (int i = 0; i < dims; i++)
        mean[i] /= n;
    for (int r = 0; r < n; r++) {
        for (int i = 0; i < dims; i++)
            block[(size_t)r * (size_t)dims + (size_t)i] -= mean[i];
    }
    for (int r = n; r % 4; r++)
        memset(block + (size_t)r * (size_t)dims, 0, sizeof(double) * (size_t)dims);
    add_products(scatter->products, block, n, dims);
    join(scatter, mean, n);
}

void gd_scatter_add(gd_scatter *scatter, const float *rows, int64_t n)
{
    const int dims = scatter->dims;
    int held = 0;
    for (int64_t r = 0; r < n; r++) {
        const float *row = rows + (size_t)r * (size_t)dims;
        if (!gd_features_finite(row, dims)) {
            scatter->skipped++;
            continue;
        }
        for (int i = 0; i < dims; i++)
            scatter->block[(size_t)held * (size_t)dims + (size_t)i] = (double)row[i];
        if (++held == BLOCK) {
            add_block(scatter, held);
            held = 0;
        }
    }
    if (held)
        add_block(scatter, held);
}

void gd_scatter_merge(gd_scatter *scatter, const gd_scatter *more)
{
    const size_t square = (size_t)scatter->dims * (size_t)scatter->dims;
    scatter->skipped += more->skipped;
    if (more->n == 0)
        return;
    for (size_t i = 0; i < square; i++)
        scatter->products[i] += more->products[i];
    join(scatter, more->mean, more->n);
}

void gd_scatter_covariance(const gd_scatter *scatter, double *covariance)
{
    const size_t dims = (size_t)scatter->dims;
    const double freedom = scatter->n > 1 ? (double)(scatter->n - 1) : NAN;
    for (size_t i = 0; i < dims; i++) {
        for (size_t j = i; j < dims; j++)
            covariance[i * dims + j] = covariance[j * dims + i] = scatter->products[i * dims + j] / freedom;
    }
}

gd_status gd_directions_init(gd_directions *directions, const gd_scatter *scatter, gd_error *error)
{
    const int dims = scatter->dims;
    *directions = (gd_directions){.dims = dims};
    if (scatter->n < 2)
        return gd_fail(error, GD_INVALID, "%lld pictures have no principal directions: 2 or more have",
                       (long long)scatter->n);
    directions->mean = malloc(sizeof(double) * (size_t)dims);
    directions->variance = malloc(sizeof(double) * (size_t)dims);
    directions->vector = malloc(sizeof(double) * (size_t)dims * (size_t)dims);
    if (!directions->mean || !directions->variance || !directions->vector) {
        gd_directions_release(directions);
        return gd_fail(error, GD_NOMEM, "out of memory for the directions of %d features", dims);
    }
    memcpy(directions->mean, scatter->mean, sizeof(double) * (size_t)dims);
    gd_scatter_covariance(scatter, directions->vector);
    const gd_status status = gd_symmetric_eigen(dims, directions->vector, directions->variance, error);
    if (status != GD_OK) {
        gd_directions_release(directions);
        return status;
    }
    for (int i = 0; i < dims; i++)
        directions->variance[i] = fmax(0, directions->variance[i]); /* a rounded 0 */
    return GD_OK;
}

void gd_directions_release(gd_directions *directions)
{
    free(directions->mean);
    free(directions->variance);
    free(directions->vector);
    *directions = (gd_directions){0};
}

void gd_features_project(const gd_directions *directions, const float *row, int n, double *at)
{
    for (int k = 0; k < n; k++) {
        const double *vector = directions->vector + (size_t)k * (size_t)directions->dims;
        at[k] = 0;
        for (int i = 0; i < directions->dims; i++)
            at[k] += ((double)row[i] - directions->mean[i]) * vector[i];
    }
}
