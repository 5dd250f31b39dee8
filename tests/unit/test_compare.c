// SPDX-License-Identifier: Apache-2.0
/* What can be known by thinking; judge/statistics_as_scipy.py has the rest. */
#include "monitor/compare.h"

#include "base/rng.h"
#include "monitor/anderson.h"
#include "sorted.h"
#include "unit.h"

#include <math.h>
#include <stdlib.h>

static float uniform(uint64_t seed, int i) { return gd_rng_unit(gd_rng(seed, GD_RNG_TEST, 0, (uint64_t)i).at[0]); }

static gd_comparison compared(const float *f, size_t n, const float *g, size_t m, double period)
{
    gd_sample reference, current;
    gd_comparison c;
    gd_error error = {0};
    CHECK_OK(sample_of_floats(&reference, f, n, &error), &error);
    CHECK_OK(sample_of_floats(&current, g, m, &error), &error);
    if (period > 0)
        CHECK_OK(gd_sample_compare_circular(&reference, &current, period, &c, &error), &error);
    else
        CHECK_OK(gd_sample_compare(&reference, &current, &c, &error), &error);
    gd_sample_release(&reference);
    gd_sample_release(&current);
    return c;
}

static void check_unchanged(gd_comparison c)
{
    CHECK_NEAR(c.ks, 0, 0);
    CHECK_NEAR(c.robust, 0, 0);
    CHECK_NEAR(c.anderson, 0, 1e-20);
    CHECK_NEAR(c.p, 1, 0);
    CHECK_NEAR(c.psi, 0, 1e-12);
    CHECK_NEAR(c.js, 0, 1e-7);
    CHECK_NEAR(c.wasserstein, 0, 0);
}

TEST(the_same_is_unchanged)
{
    float x[500];
    for (int i = 0; i < 500; i++)
        x[i] = uniform(1, i);
    check_unchanged(compared(x, 500, x, 500, 0));
    const float sevens[] = {7, 7, 7};
    check_unchanged(compared(sevens, 3, sevens, 2, 0));
}

TEST(a_shift_is_its_size_in_deviations)
{
    float x[1000], y[1000];
    for (int i = 0; i < 1000; i++) {
        x[i] = (float)i;
        y[i] = (float)(i + 100);
    }
    const gd_comparison c = compared(x, 1000, y, 1000, 0);
    CHECK_NEAR(c.wasserstein, 100 / sqrt((1e6 - 1) / 12), 1e-9);
    CHECK_NEAR(c.ks, 0.1, 1e-12);
    CHECK_NEAR(c.robust, 0.1 - 1.8 * sqrt(0.002), 1e-12);
    CHECK(isnan(c.kuiper));
    /* one decile has gone and one is full twice: 0.0995 ln(199) and 0.1 ln(2), with halves added to the counts */
    CHECK_NEAR(c.psi, 100 / 1005.0 * (log(100.5 / 0.5) + log(200.5 / 100.5)), 1e-9);
}

/* All orders of 6 and 9 numbers, some of them equal: which share is as far apart? */
TEST(the_test_is_right_for_few)
{
    enum { FEW = 6, ALL = 15, ORDERS = 5005 };
    static const float pools[][ALL] = {{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
                                       {1, 1, 1, 2, 3, 3, 4, 5, 6, 6, 6, 6, 7, 8, 9},
                                       {1, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 3, 4}};
    static double a[ORDERS], p[ORDERS];
    for (int pool = 0; pool < 3; pool++) {
        int orders = 0;
        double sum = 0;
        for (unsigned chosen = 0; chosen < 1u << ALL; chosen++) {
            float f[ALL], g[ALL];
            size_t n = 0, m = 0;
            for (int i = 0; i < ALL; i++)
                *(chosen >> i & 1 ? &f[n++] : &g[m++]) = pools[pool][i];
            if (n != FEW)
                continue;
            const gd_comparison c = compared(f, n, g, m, 0);
            a[orders] = c.anderson;
            p[orders++] = c.p;
            sum += c.anderson;
            CHECK_NEAR(compared(g, m, f, n, 0).p, c.p, 1e-9);
        }
        CHECK_EQ_INT(orders, ORDERS);
        CHECK_NEAR(sum / ORDERS, 1, 1e-12); /* by chance alone it is 1, whatever is equal */
        for (int i = 0; i < ORDERS; i += 7) {
            int as_far = 0;
            for (int j = 0; j < ORDERS; j++)
                as_far += a[j] >= a[i] - 1e-12;
            const double share = (double)as_far / ORDERS;
            if (share < 0.05)
                CHECK(p[i] > 0.9 * share && p[i] < 10 * share); /* of so few it is on the safe side */
            else
                CHECK_NEAR(p[i], share, 0.15); /* few orders, in large steps */
        }
    }
}

/* Stephens, "Anderson-Darling test for goodness of fit", 1986, table 4.2, case 0. */
TEST(the_limit_is_the_published_one)
{
    static const double points[][2] = {{0.25, 1.248}, {0.10, 1.933}, {0.05, 2.492}, {0.025, 3.070}, {0.01, 3.857}};
    double share[2000];
    for (int i = 0; i < 2000; i++)
        share[i] = 1 / 2000.0;
    for (int i = 0; i < 5; i++)
        CHECK_NEAR(gd_anderson_upper(points[i][1], share, 2000) / points[i][0], 1, 0.08);
    double before = 1;
    for (double at = 1e-3; at < 1e4; at *= 1.1) { /* falls, also where the formula has its hole */
        const double p = gd_anderson_upper(at, share, 2000);
        CHECK(p <= before && p >= 0);
        before = p;
    }
    for (double at = 8; at < 100; at *= 2) /* sqrt(3) erfc(sqrt(a)) far out */
        CHECK_NEAR(gd_anderson_upper(at, share, 2000) / (sqrt(3) * erfc(sqrt(at))), 1.18, 0.1);
}

/* A dead camera: every frame is one. */
TEST(a_constant_is_seen_and_all_figures_are_numbers)
{
    float alive[400], dead[50], other[50];
    for (int i = 0; i < 400; i++)
        alive[i] = uniform(1, i);
    for (int i = 0; i < 50; i++) {
        dead[i] = 0.5f;
        other[i] = 0.25f;
    }
    const gd_comparison c = compared(alive, 400, dead, 50, 0);
    CHECK(c.ks > 0.45 && c.p < 1e-6 && isfinite(c.psi) && c.psi > 1 && c.js > 0.7 && isfinite(c.wasserstein));
    for (int side = 0; side < 2; side++) { /* a constant reference: below it and above it are other bins than it */
        const gd_comparison now = compared(dead, 50, side ? alive : other, 50, 0);
        CHECK(now.ks > 0.4 && now.p < 1e-3 && now.psi > 1 && isfinite(now.psi));
        CHECK(isinf(now.wasserstein));
        CHECK_NEAR(now.js, 1, 1e-12);
    }
}

TEST(absent_numbers_change_nothing)
{
    float x[100], y[100], holes[150];
    for (int i = 0; i < 100; i++) {
        x[i] = uniform(1, i);
        y[i] = uniform(2, i) + 0.1f;
    }
    for (int i = 0; i < 150; i++)
        holes[i] = i % 3 == 2 ? NAN : y[i / 3 * 2 + i % 3];
    const gd_comparison c = compared(x, 100, y, 100, 0), same = compared(x, 100, holes, 150, 0);
    CHECK_NEAR(same.p, c.p, 0);
    CHECK_NEAR(same.psi, c.psi, 0);
    CHECK_NEAR(same.wasserstein, c.wasserstein, 0);
    const gd_comparison nothing = compared(x, 100, holes, 0, 0);
    CHECK(isnan(nothing.ks) && isnan(nothing.p) && isnan(nothing.psi) && isnan(nothing.wasserstein));
}

TEST(a_small_sketch_compares_as_its_numbers)
{
    static gd_sketch s;
    float x[900], y[700];
    gd_sample reference, current;
    gd_comparison c;
    gd_error error = {0};
    gd_sketch_init(&s, 1);
    for (int i = 0; i < 900; i++) {
        x[i] = uniform(1, i);
        gd_sketch_add(&s, &(double){(double)x[i]}, 1);
    }
    for (int i = 0; i < 700; i++)
        y[i] = uniform(2, i) * 1.05f;
    CHECK_OK(gd_sample_of_sketch(&reference, &s, &error), &error);
    CHECK_OK(sample_of_floats(&current, y, 700, &error), &error);
    CHECK_OK(gd_sample_compare(&reference, &current, &c, &error), &error);
    const gd_comparison exact = compared(x, 900, y, 700, 0);
    CHECK_NEAR(c.ks, exact.ks, 0);
    CHECK_NEAR(c.p, exact.p, 0);
    CHECK_NEAR(c.psi, exact.psi, 0);
    CHECK_NEAR(c.wasserstein, exact.wasserstein, 1e-12);
    gd_sample_release(&reference);
    gd_sample_release(&current);
}

TEST(a_large_sketch_compares_within_its_error)
{
    enum { N = 100000, M = 60000 };
    gd_sketch *s = malloc(sizeof *s);
    float *x = malloc(N * sizeof *x), *y = malloc(M * sizeof *y);
    gd_sample reference, current;
    gd_comparison c;
    gd_error error = {0};
    gd_sketch_init(s, 1);
    for (int i = 0; i < N; i++) {
        x[i] = uniform(1, i);
        gd_sketch_add(s, &(double){(double)x[i]}, 1);
    }
    for (int i = 0; i < M; i++)
        y[i] = uniform(2, i) * 1.1f;
    CHECK_OK(gd_sample_of_sketch(&reference, s, &error), &error);
    CHECK_OK(sample_of_floats(&current, y, M, &error), &error);
    CHECK_OK(gd_sample_compare(&reference, &current, &c, &error), &error);
    const gd_comparison exact = compared(x, N, y, M, 0);
    CHECK(reference.error > 0 && reference.error < 0.01);
    CHECK_NEAR(c.ks, exact.ks, reference.error);
    CHECK_NEAR(c.wasserstein, exact.wasserstein, reference.error / sqrt(1 / 12.0));
    CHECK_NEAR(c.psi, exact.psi, 0.1 * exact.psi);
    CHECK_NEAR(c.js, exact.js, 0.1 * exact.js);
    CHECK(c.p > exact.p && c.p < 1e-8); /* less sure, but sure */
    gd_sample_release(&reference);
    gd_sample_release(&current);
    free(s);
    free(x);
    free(y);
}

static float turned(float degrees, float by) { return fmodf(degrees + by + 720, 360); }

TEST(a_circle_has_no_beginning)
{
    float x[300], y[200], x_turned[300], y_turned[200];
    for (int by = 0; by < 360; by += 40) {
        for (int i = 0; i < 300; i++) { /* around 0, over the end */
            x[i] = turned((float)(int)(uniform(1, i) * 60) / 2, -15);
            x_turned[i] = turned(x[i], (float)by);
        }
        for (int i = 0; i < 200; i++) {
            y[i] = turned((float)(int)(uniform(2, i) * 60) / 2, -13);
            y_turned[i] = turned(y[i], (float)by);
        }
        const gd_comparison c = compared(x, 300, y, 200, 360), t = compared(x_turned, 300, y_turned, 200, 360);
        CHECK_NEAR(t.kuiper, c.kuiper, 1e-12);
        CHECK_NEAR(t.p, c.p, 1e-9 * c.p);
        CHECK_NEAR(t.ks, c.ks, 1e-12);
        CHECK_NEAR(t.psi, c.psi, 1e-9);
        CHECK_NEAR(t.wasserstein, c.wasserstein, 1e-9);
        CHECK(c.wasserstein < 1); /* some degrees, of a deviation of 9: not once around */
    }
}

TEST(what_is_not_on_the_circle_is_refused)
{
    gd_sample good, bad;
    gd_comparison c;
    gd_error error = {0};
    CHECK_OK(sample_of_floats(&good, (const float[]){1, 359}, 2, &error), &error);
    CHECK_OK(sample_of_floats(&bad, (const float[]){1, 361}, 2, &error), &error);
    CHECK_FAILS(gd_sample_compare_circular(&good, &bad, 360, &c, &error), GD_INVALID, &error,
                "361 on a circle of 0 to 360");
    gd_sample_release(&good);
    gd_sample_release(&bad);
}
