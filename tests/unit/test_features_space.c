// SPDX-License-Identifier: Apache-2.0
/* Moments, eigenvectors and principal directions: what must hold of any of them. Against numpy: tests/judge. */
#include "base/rng.h"
#include "monitor/eigen.h"
#include "monitor/features.h"
#include "unit.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { D = 13, N = 333 };

static float noise(uint64_t seed, int i)
{
    const gd_philox r = gd_rng(seed, GD_RNG_TEST, 0, (uint64_t)i);
    return gd_rng_unit(r.at[0]) + gd_rng_unit(r.at[1]) - gd_rng_unit(r.at[2]) - gd_rng_unit(r.at[3]);
}

/* Columns of different spreads, neighbours correlated, far from 0. */
static void fill(float rows[N][D], float middle)
{
    for (int r = 0; r < N; r++) {
        for (int i = 0; i < D; i++)
            rows[r][i] = middle + (float)(i + 1) * noise(1, r * D + i) + (i ? noise(1, r * D + i - 1) : 0);
    }
}

static void check_near(const double *got, const double *want, int n, double tolerance)
{
    for (int i = 0; i < n; i++)
        CHECK_NEAR(got[i], want[i], tolerance);
}

/* Two passes over all rows, in long double. */
static void plain_covariance(const float rows[N][D], double *mean, double *covariance)
{
    for (int i = 0; i < D; i++) {
        long double sum = 0;
        for (int r = 0; r < N; r++)
            sum += (long double)rows[r][i];
        mean[i] = (double)(sum / N);
    }
    for (int i = 0; i < D; i++) {
        for (int j = 0; j < D; j++) {
            long double sum = 0;
            for (int r = 0; r < N; r++)
                sum +=
                    ((long double)rows[r][i] - (long double)mean[i]) * ((long double)rows[r][j] - (long double)mean[j]);
            covariance[i * D + j] = (double)(sum / (N - 1));
        }
    }
}

TEST(moments_are_those_of_two_passes_wherever_rows_are_parted)
{
    gd_error error = {0};
    static float rows[N][D];
    double mean[D], want[D * D], got[D * D];
    fill(rows, 1e5f);
    plain_covariance(rows, mean, want);
    const int parts[] = {0, 1, 63, 64, 65, 128, 200, N};
    for (size_t p = 0; p < sizeof parts / sizeof *parts; p++) {
        gd_scatter a, b;
        CHECK_OK(gd_scatter_init(&a, D, &error), &error);
        CHECK_OK(gd_scatter_init(&b, D, &error), &error);
        gd_scatter_add(&a, rows[0], parts[p]);
        gd_scatter_add(&b, rows[parts[p]], N - parts[p]);
        gd_scatter_merge(&a, &b);
        gd_scatter_covariance(&a, got);
        CHECK_EQ_INT(a.n, N);
        check_near(a.mean, mean, D, 1e-9);
        check_near(got, want, D * D, 1e-9);
        gd_scatter_release(&a);
        gd_scatter_release(&b);
    }
}

TEST(rows_that_are_not_finite_are_left_out_and_counted)
{
    gd_error error = {0};
    static float rows[N][D], bad[N + 2][D];
    gd_scatter with, without;
    fill(rows, 0);
    memcpy(bad[1], rows[0], sizeof rows);
    fill(bad, 3);
    memcpy(bad[1], rows[0], sizeof rows);
    bad[0][D - 1] = NAN;
    memcpy(bad[N + 1], rows[0], sizeof rows[0]);
    bad[N + 1][0] = -INFINITY;
    CHECK_OK(gd_scatter_init(&with, D, &error), &error);
    CHECK_OK(gd_scatter_init(&without, D, &error), &error);
    gd_scatter_add(&with, bad[0], N + 2);
    gd_scatter_add(&without, rows[0], N);
    CHECK_EQ_INT(with.n, N);
    CHECK_EQ_INT(with.skipped, 2);
    CHECK(memcmp(with.products, without.products, sizeof(double) * D * D) == 0);
    gd_scatter_release(&with);
    gd_scatter_release(&without);
}

static double at(const double *matrix, int n, int i, int j) { return matrix[(size_t)i * (size_t)n + (size_t)j]; }

/* A = V^T diag V, V V^T = 1, values fall, signs are as promised. */
static void check_eigen(const double *matrix, int n)
{
    gd_error error = {0};
    double *v = malloc(sizeof(double) * (size_t)n * (size_t)n), *value = malloc(sizeof(double) * (size_t)n);
    memcpy(v, matrix, sizeof(double) * (size_t)n * (size_t)n);
    CHECK_OK(gd_symmetric_eigen(n, v, value, &error), &error);
    const double greatest = fmax(fabs(value[0]), fabs(value[n - 1])), bound = n * 1e-15;
    for (int i = 0; i < n; i++) {
        int peak = 0;
        for (int j = 0; j < n; j++) {
            double product = 0, again = 0;
            for (int k = 0; k < n; k++) {
                product += at(v, n, i, k) * at(v, n, j, k);
                again += value[k] * at(v, n, k, i) * at(v, n, k, j);
            }
            CHECK_NEAR(product, i == j, bound);
            CHECK_NEAR(again, at(matrix, n, i < j ? i : j, i < j ? j : i), bound * greatest);
            peak = fabs(at(v, n, i, j)) > fabs(at(v, n, i, peak)) ? j : peak;
        }
        CHECK(at(v, n, i, peak) > 0);
        CHECK(i == 0 || value[i - 1] >= value[i]);
    }
    free(v);
    free(value);
}

TEST(eigenvectors_rebuild_their_matrix)
{
    enum { MOST = 40 };
    static double a[MOST * MOST];
    const int sizes[] = {1, 2, 3, 5, 17, MOST};
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        const int n = sizes[s];
        for (int kind = 0; kind < 6; kind++) {
            for (int i = 0; i < n; i++) {
                for (int j = i; j < n; j++)
                    a[i * n + j] = kind == 0   ? (double)noise(2, i * n + j)         /* anything */
                                   : kind == 1 ? (double)(noise(3, i) * noise(3, j)) /* rank 1 */
                                   : kind == 2 ? (i == j) * 7.0                      /* all values alike */
                                   : kind == 3 ? 0.0                                 /* nothing */
                                   : kind == 4
                                       ? (i == j ? pow(10, -i) : 0)                       /* many scales */
                                       : 1e-200 * (double)noise(4, i * n + j) * (i != 1); /* tiny, with a hole */
            }
            check_eigen(a, n);
        }
    }
}

/* As is left of a singular matrix: numbers whose squares are no numbers of full precision. */
TEST(what_is_next_to_nothing_turns_nothing)
{
    const double a[16] = {1, 1e-160, 2e-160, 1e-162, 0, 1, 1e-158, 1e-161, 0, 0, 0.5, 1e-159, 0, 0, 0, 0.25};
    check_eigen(a, 4);
}

TEST(a_matrix_that_is_not_finite_has_no_eigenvalues)
{
    gd_error error = {0};
    double a[4] = {1, NAN, 0, 1}, value[2];
    CHECK_FAILS(gd_symmetric_eigen(2, a, value, &error), GD_NUMERIC, &error, "row 0, column 1");
}

TEST(coordinates_add_up_to_the_distance_from_the_mean_and_to_the_variances)
{
    gd_error error = {0};
    static float rows[N][D];
    gd_scatter scatter;
    gd_directions directions;
    double place[D], variance[D] = {0};
    fill(rows, 20);
    CHECK_OK(gd_scatter_init(&scatter, D, &error), &error);
    gd_scatter_add(&scatter, rows[0], N);
    CHECK_OK(gd_directions_init(&directions, &scatter, &error), &error);
    for (int r = 0; r < N; r++) {
        double whole = 0, square = 0;
        for (int i = 0; i < D; i++)
            whole += pow((double)rows[r][i] - scatter.mean[i], 2);
        gd_features_project(&directions, rows[r], D, place);
        for (int k = 0; k < D; k++) {
            square += place[k] * place[k];
            variance[k] += place[k] * place[k] / (N - 1);
        }
        CHECK_NEAR(square, whole, 1e-10 * whole);
    }
    check_near(variance, directions.variance, D, 1e-9);
    gd_scatter_release(&scatter);
    gd_directions_release(&directions);
}

TEST(too_little_has_no_moments_or_directions)
{
    gd_error error = {0};
    gd_scatter scatter;
    gd_directions directions;
    const float row[2] = {1, 2};
    double covariance[4];
    CHECK_FAILS(gd_scatter_init(&scatter, 0, &error), GD_INVALID, &error, "1 to 4096");
    CHECK_OK(gd_scatter_init(&scatter, 2, &error), &error);
    gd_scatter_add(&scatter, row, 1);
    gd_scatter_covariance(&scatter, covariance);
    CHECK(isnan(covariance[0]));
    CHECK_FAILS(gd_directions_init(&directions, &scatter, &error), GD_INVALID, &error, "1 pictures");
    gd_directions_release(&directions);
    gd_scatter_release(&scatter);
}
