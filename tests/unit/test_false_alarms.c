// SPDX-License-Identifier: Apache-2.0
/* Where nothing changes, alarms come as seldom as was promised: reference and window are drawn from one distribution,
 * over and over, and false alarms counted. */
#include "base/rng.h"
#include "monitor/alarm.h"
#include "monitor/category.h"
#include "monitor/compare.h"
#include "sorted.h"
#include "unit.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct draws {
    uint64_t seed, next;
} draws;

static float uniform(draws *d) { return gd_rng_unit(gd_rng(d->seed, GD_RNG_TEST, 0, d->next++).at[0]); }

/* Below that many of `trials` that happen with chance `p` are all but 1 in 2,000. */
static double most_of(double trials, double p) { return trials * p + 3.3 * sqrt(trials * p * (1 - p)) + 1; }

enum kind { PLAIN, SKEWED, FEW_VALUES, HUE, CONSTANT, KINDS };

static float number(enum kind kind, draws *d)
{
    const float u = uniform(d);
    switch (kind) {
    case SKEWED:
        return -logf(1 - u);
    case FEW_VALUES: /* heights of pictures */
        return u < 0.6f ? 32 : u < 0.9f ? 64 : u < 0.97f ? 96 : 224;
    case HUE: /* around 0 */
        return fmodf(340 + 60 * u * uniform(d), 360);
    case CONSTANT:
        return 0.5f;
    default:
        return u;
    }
}

static gd_sample sample_of(enum kind kind, int n, draws *d)
{
    float *x = malloc(sizeof *x * (size_t)n);
    gd_sample sample;
    gd_error error = {0};
    for (int i = 0; i < n; i++)
        x[i] = number(kind, d);
    CHECK_OK(sample_of_floats(&sample, x, (size_t)n, &error), &error);
    free(x);
    return sample;
}

static double p_of_column(enum kind kind, const gd_sample *reference, int m, draws *d)
{
    gd_sample current = sample_of(kind, m, d);
    gd_comparison c;
    gd_error error = {0};
    CHECK_OK(kind == HUE ? gd_sample_compare_circular(reference, &current, 360, &c, &error)
                         : gd_sample_compare(reference, &current, &c, &error),
             &error);
    gd_sample_release(&current);
    return c.p;
}

enum { CLASSES = 6 };

/* Shares of 1/2, 1/4 … */
static void draw_mix(double *count, int n, draws *d)
{
    memset(count, 0, CLASSES * sizeof *count);
    for (int i = 0; i < n; i++)
        count[(int)fminf(-log2f(1 - uniform(d)), CLASSES - 1)]++;
}

static double p_of_mix(const double *reference, int m, draws *d)
{
    double current[CLASSES];
    gd_chi_square test;
    gd_error error = {0};
    draw_mix(current, m, d);
    CHECK_OK(gd_chi_square_test(CLASSES, reference, current, &test, &error), &error);
    return test.p;
}

TEST(each_test_keeps_its_level)
{
    enum { CHECKS = 2000 };
    static const double level[] = {0.1, 0.01, 0.002};
    int alarms[KINDS + 1][3] = {{0}};
    draws d = {11, 0};
    for (int check = 0; check < CHECKS; check++)
        for (int kind = 0; kind <= KINDS; kind++) {
            double mix[CLASSES], p;
            if (kind == KINDS) {
                draw_mix(mix, 300, &d);
                p = p_of_mix(mix, 40, &d);
            } else {
                gd_sample reference = sample_of((enum kind)kind, 150, &d);
                p = p_of_column((enum kind)kind, &reference, 40, &d);
                gd_sample_release(&reference);
            }
            for (int l = 0; l < 3; l++)
                alarms[kind][l] += p <= level[l];
        }
    for (int kind = 0; kind <= KINDS; kind++)
        for (int l = 0; l < 3; l++)
            CHECK(alarms[kind][l] <= most_of(CHECKS, level[l]));
    CHECK(alarms[PLAIN][0] > 0.8 * CHECKS * level[0]); /* and is not just silent */
    CHECK(alarms[HUE][0] > 0.6 * CHECKS * level[0]);
    CHECK(alarms[KINDS][0] > 0.6 * CHECKS * level[0]);
    CHECK_EQ_INT(alarms[CONSTANT][0], 0);
}

/* A check a day against one reference for a year: alarms of a year depend on each other, as a reference is a sample,
 * too, so it is years that are counted. Columns that depend on each other take part. */
static int alarms_of_a_year(double level, draws *d)
{
    enum { DAYS = 365, COLUMNS = KINDS + 2, REFERENCE = 400, WINDOW = 60 };
    gd_sample reference[KINDS];
    double mix[CLASSES];
    int alarms = 0;
    for (int kind = 0; kind < KINDS; kind++)
        reference[kind] = sample_of((enum kind)kind, REFERENCE, d);
    draw_mix(mix, REFERENCE, d);
    for (int day = 0; day < DAYS; day++) {
        double p[COLUMNS], adjusted[COLUMNS], least = 1;
        for (int kind = 0; kind < KINDS; kind++)
            p[kind] = p_of_column((enum kind)kind, &reference[kind], WINDOW, d);
        p[KINDS] = p_of_mix(mix, WINDOW, d);
        p[KINDS + 1] = p[PLAIN]; /* a column that says the same */
        gd_holm(adjusted, p, COLUMNS);
        for (int i = 0; i < COLUMNS; i++)
            least = fmin(least, adjusted[i]);
        alarms += least <= level;
    }
    for (int kind = 0; kind < KINDS; kind++)
        gd_sample_release(&reference[kind]);
    return alarms;
}

TEST(years_of_checks_have_the_alarms_that_were_promised)
{
    enum { YEARS = 8 };
    const double promised = 12, level = gd_alarm_level(promised / 12, 365 / 12.0);
    double mean = 0, squares = 0;
    draws d = {12, 0};
    for (int year = 0; year < YEARS; year++) {
        const double alarms = alarms_of_a_year(level, &d);
        mean += alarms / YEARS;
        squares += alarms * alarms / YEARS;
    }
    const double deviation = sqrt((squares - mean * mean) / (YEARS - 1)); /* of the mean */
    CHECK(deviation > 0);
    CHECK(mean <= promised + 3.3 * deviation);
    CHECK(mean > 0.3 * promised);
}

TEST(sketches_raise_no_more_alarms)
{
    enum { CHECKS = 60, N = 10000, M = 6000 };
    gd_sketch *s = malloc(2 * sizeof *s);
    double *x = malloc(N * sizeof *x);
    draws d = {13, 0};
    int alarms = 0;
    for (int check = 0; check < CHECKS; check++) {
        gd_sample side[2];
        gd_comparison c;
        gd_error error = {0};
        for (int i = 0; i < 2; i++) {
            const int n = i ? M : N;
            for (int j = 0; j < n; j++)
                x[j] = (double)uniform(&d);
            gd_sketch_init(&s[i], (uint64_t)(2 * check + i));
            gd_sketch_add(&s[i], x, (size_t)n);
            CHECK_OK(gd_sample_of_sketch(&side[i], &s[i], &error), &error);
        }
        CHECK_OK(gd_sample_compare(&side[0], &side[1], &c, &error), &error);
        CHECK(c.p <= 1 && side[0].error > 0 && side[1].error > 0);
        alarms += c.p <= 0.05;
        gd_sample_release(&side[0]);
        gd_sample_release(&side[1]);
    }
    CHECK(alarms <= most_of(CHECKS, 0.05));
    free(s);
    free(x);
}
