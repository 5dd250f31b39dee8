// SPDX-License-Identifier: Apache-2.0
/* What can be known by thinking; judge/statistics_as_scipy.py has the rest. */
#include "monitor/compare.h"

#include "base/rng.h"
#include "monitor/smirnov.h"
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
    CHECK(compared(sevens, 3, sevens, 2, 0).exact);
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

/* All orders of 4 and 5 numbers, some of them equal: which share is as far apart? */
TEST(the_test_is_exact_for_few)
{
    static const float pools[][9] = {
        {1, 2, 3, 4, 5, 6, 7, 8, 9}, {1, 1, 1, 2, 2, 3, 4, 4, 4}, {1, 1, 1, 1, 1, 2, 2, 2, 2}};
    enum { ORDERS = 126 };
    for (int pool = 0; pool < 3; pool++) {
        double d[ORDERS], p[ORDERS];
        int orders = 0;
        for (unsigned chosen = 0; chosen < 512; chosen++) {
            float f[9], g[9];
            size_t n = 0, m = 0;
            for (int i = 0; i < 9; i++)
                *(chosen >> i & 1 ? &f[n++] : &g[m++]) = pools[pool][i];
            if (n != 4)
                continue;
            const gd_comparison c = compared(f, n, g, m, 0);
            CHECK(c.exact);
            d[orders] = c.ks;
            p[orders++] = c.p;
            CHECK_NEAR(compared(g, m, f, n, 0).p, c.p, 1e-14);
        }
        CHECK_EQ_INT(orders, ORDERS);
        for (int i = 0; i < ORDERS; i++) {
            int as_far = 0;
            for (int j = 0; j < ORDERS; j++)
                as_far += d[j] >= d[i] - 1e-12;
            CHECK_NEAR(p[i], (double)as_far / ORDERS, 1e-13);
        }
    }
}

TEST(exact_and_limit_agree_where_they_meet)
{
    gd_error error = {0};
    for (int i = 1; i <= 5; i++) {
        double p;
        const double d = 0.005 * i;
        CHECK_OK(gd_smirnov_exact(d, 8000, 8000, NULL, &p, &error), &error);
        CHECK_NEAR(gd_smirnov_limit(d, 8000, 8000) / p, 1, 0.01);
    }
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
    CHECK(c.ks > 0.45 && c.p < 1e-8 && isfinite(c.psi) && c.psi > 1 && c.js > 0.7 && isfinite(c.wasserstein));
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
    CHECK(c.exact);
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
    CHECK(reference.error > 0 && reference.error < 0.01 && !c.exact);
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
