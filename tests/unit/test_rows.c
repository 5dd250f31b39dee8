// SPDX-License-Identifier: Apache-2.0
#include "monitor/rows.h"
#include "unit.h"

#include <math.h>
#include <string.h>

enum { D = 3, N = 500, MOST = 40 };

static void fill(float rows[N][D])
{
    for (int i = 0; i < N; i++) {
        for (int k = 0; k < D; k++)
            rows[i][k] = (float)(i * D + k);
    }
}

TEST(parts_merge_into_the_sample_of_all)
{
    static float rows[N][D];
    float want[MOST * D], got[MOST * D];
    gd_error error = {0};
    gd_rows all, a, b;
    fill(rows);
    CHECK_OK(gd_rows_init(&all, D, MOST, 1, &error), &error);
    gd_rows_add(&all, 7, 0, rows[0], N);
    CHECK_EQ_INT(all.n, MOST);
    CHECK_OK(gd_rows_copy(&all, want, &error), &error);
    const int parts[] = {0, 1, 39, 250, N};
    for (size_t p = 0; p < sizeof parts / sizeof *parts; p++) {
        CHECK_OK(gd_rows_init(&a, D, MOST, 1, &error), &error);
        CHECK_OK(gd_rows_init(&b, D, MOST, 1, &error), &error);
        gd_rows_add(&b, 7, (uint64_t)parts[p], rows[parts[p]], N - parts[p]);
        for (int i = parts[p] - 1; i >= 0; i--) /* the order does not matter */
            gd_rows_add(&a, 7, (uint64_t)i, rows[i], 1);
        gd_rows_merge(&b, &a);
        CHECK_EQ_INT(b.seen, N);
        CHECK_OK(gd_rows_copy(&b, got, &error), &error);
        CHECK(memcmp(got, want, sizeof want) == 0);
        gd_rows_release(&a);
        gd_rows_release(&b);
    }
    gd_rows_release(&all);
}

/* Over 2,000 seeds each row is kept as often, 4.5 deviations wide, and none twice. */
TEST(each_row_is_as_likely)
{
    enum { SEEDS = 2000 };
    static float rows[N][D];
    int kept[N] = {0};
    float got[MOST * D];
    gd_error error = {0};
    fill(rows);
    for (int seed = 0; seed < SEEDS; seed++) {
        gd_rows sample;
        CHECK_OK(gd_rows_init(&sample, D, MOST, (uint64_t)seed, &error), &error);
        gd_rows_add(&sample, 0, 0, rows[0], N);
        CHECK_OK(gd_rows_copy(&sample, got, &error), &error);
        uint8_t seen[N] = {0};
        for (int i = 0; i < MOST; i++) {
            const int row = (int)got[i * D] / D;
            CHECK(memcmp(rows[row], &got[(size_t)i * D], sizeof rows[row]) == 0);
            CHECK(!seen[row]);
            seen[row] = 1;
            kept[row]++;
        }
        gd_rows_release(&sample);
    }
    const double p = (double)MOST / N;
    for (int i = 0; i < N; i++)
        CHECK_NEAR(kept[i] / (double)SEEDS, p, 4.5 * sqrt(p * (1 - p) / SEEDS));
}

TEST(few_rows_are_all_kept_and_bad_ones_are_not)
{
    static float rows[N][D];
    float got[MOST * D];
    gd_error error = {0};
    gd_rows sample;
    fill(rows);
    rows[2][1] = NAN;
    rows[3][2] = INFINITY;
    CHECK_OK(gd_rows_init(&sample, D, MOST, 1, &error), &error);
    gd_rows_add(&sample, 0, 0, rows[0], 10);
    CHECK_EQ_INT(sample.n, 8);
    CHECK_EQ_INT(sample.seen, 8);
    CHECK_OK(gd_rows_copy(&sample, got, &error), &error);
    for (int i = 0; i < 8 * D; i++)
        CHECK(isfinite(got[i]));
    gd_rows_release(&sample);
    CHECK_FAILS(gd_rows_init(&sample, D, 0, 1, &error), GD_INVALID, &error, "0 rows of 3");
}
