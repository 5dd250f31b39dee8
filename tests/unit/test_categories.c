// SPDX-License-Identifier: Apache-2.0
#include "monitor/category.h"

#include "unit.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void add(gd_categories *t, const char *name, uint64_t count)
{
    gd_error error = {0};
    CHECK_OK(gd_categories_add(t, name, name ? strlen(name) : 0, count, &error), &error);
}

static gd_category_comparison compared(const gd_categories *reference, const gd_categories *current)
{
    gd_category_comparison c;
    gd_error error = {0};
    CHECK_OK(gd_categories_compare(reference, current, &c, &error), &error);
    return c;
}

static gd_chi_square tested(int n, const double *reference, const double *current)
{
    gd_chi_square test;
    gd_error error = {0};
    CHECK_OK(gd_chi_square_test(n, reference, current, &test, &error), &error);
    return test;
}

TEST(names_are_counted_and_the_rest_is_other)
{
    gd_categories *t = calloc(1, sizeof *t), *sum = calloc(1, sizeof *sum);
    gd_error error = {0};
    char name[300];
    for (int i = 0; i < GD_CATEGORIES + 50; i++) {
        snprintf(name, sizeof name, "class %d", i);
        add(t, name, 2);
    }
    memset(name, 'x', sizeof name);
    CHECK_OK(gd_categories_add(t, name, GD_CATEGORY_BYTES + 1, 7, &error), &error);
    add(t, "class 3", 5);
    add(t, NULL, 4);
    CHECK_EQ_INT(t->n, GD_CATEGORIES);
    CHECK_EQ_INT(t->other, 107);
    CHECK_EQ_INT(t->absent, 4);
    CHECK_EQ_INT(t->category[3].count, 7);
    CHECK_EQ_INT(gd_categories_total(t), 2 * (GD_CATEGORIES + 50) + 12);
    CHECK_OK(gd_categories_merge(sum, t, &error), &error);
    CHECK_OK(gd_categories_merge(sum, t, &error), &error);
    CHECK_EQ_INT(gd_categories_total(sum), 2 * gd_categories_total(t));
    CHECK_EQ_INT(sum->category[3].count, 14);
    CHECK_EQ_INT(sum->absent, 8);
    gd_categories_release(t);
    gd_categories_release(sum);
    free(t);
    free(sum);
}

TEST(mixes_are_compared_by_name)
{
    gd_categories *reference = calloc(1, sizeof *reference), *now = calloc(1, sizeof *now);
    gd_error error = {0};
    CHECK(isnan(compared(reference, now).linf) && isnan(compared(reference, now).test.p));
    add(reference, "cat", 600);
    add(reference, "dog", 400);
    add(now, "dog", 40); /* in another order */
    add(now, "cat", 60);
    gd_category_comparison c = compared(reference, now);
    CHECK_NEAR(c.linf, 0, 1e-15);
    CHECK_NEAR(c.js, 0, 1e-7);
    CHECK_NEAR(c.test.statistic, 0, 1e-12);
    CHECK_NEAR(c.test.p, 1, 0);
    add(now, "cow", 15); /* new, and `other`: one category */
    now->other = 10;
    c = compared(reference, now);
    CHECK_NEAR(c.linf, 0.2, 1e-12);
    CHECK_NEAR(c.robust, 0.2 - 1.8 * sqrt(1125.0 / 125000), 1e-12);
    CHECK_EQ_INT(c.test.freedom, 2);
    CHECK(c.test.p < 1e-20 && isfinite(c.psi) && c.psi > 0.5);
    gd_categories_release(now);
    CHECK_OK(gd_categories_know(now, reference, &error), &error);
    CHECK_EQ_INT(now->n, 2);
    CHECK_EQ_INT(gd_categories_total(now), 0);
    gd_categories_release(reference);
    gd_categories_release(now);
    free(reference);
    free(now);
}

TEST(large_counts_go_by_the_distribution)
{
    const gd_chi_square t = tested(3, (double[]){1000, 1000, 1000}, (double[]){300, 350, 250});
    double statistic = 0;
    for (int i = 0; i < 3; i++) {
        const double column = 1000 + (double[]){300, 350, 250}[i], few = column * 900 / 3900;
        statistic += pow((double[]){300, 350, 250}[i] - few, 2) * (1 / few + 1 / (column - few));
    }
    CHECK_NEAR(t.statistic, statistic, 1e-9);
    CHECK_NEAR(t.p, exp(-statistic / 2), 1e-12); /* which it is of two degrees of freedom */
    CHECK(t.how == GD_CHI_SQUARE_LIMIT);
}

/* Of two categories there is one number to draw, and all its chances can be added up. */
TEST(small_counts_are_drawn)
{
    const gd_chi_square t = tested(2, (double[]){90, 10}, (double[]){12, 8});
    double as_far = 0;
    for (int k = 0; k <= 18; k++) { /* of 20 of 120, 18 of which are marked */
        const double chance = exp(lgamma(19) - lgamma(k + 1) - lgamma(19 - k) + lgamma(103) - lgamma(21 - k) -
                                  lgamma(83 + k) - lgamma(121) + lgamma(21) + lgamma(101));
        as_far += fabs(k - 3.0) >= 5 - 1e-9 ? chance : 0;
    }
    CHECK_NEAR(t.p / as_far, 1, 0.4);
    CHECK(t.p < 0.01);
    const gd_chi_square again = tested(2, (double[]){90, 10}, (double[]){12, 8}),
                        turned = tested(2, (double[]){12, 8}, (double[]){90, 10});
    CHECK_NEAR(again.p, t.p, 0);
    CHECK_NEAR(turned.p, t.p, 0);
}

TEST(far_out_the_chance_of_one_category_speaks)
{
    const gd_chi_square t = tested(3, (double[]){5000, 5000, 0}, (double[]){5, 5, 10});
    CHECK(t.how == GD_CHI_SQUARE_FARTHEST);
    double orders = 0; /* all ten new ones in the window of 20 of 10,020 */
    for (int i = 0; i < 10; i++)
        orders += log((20.0 - i) / (10020 - i));
    CHECK_NEAR(t.p / (6 * exp(orders)), 1, 1e-9); /* on either side, of any of three */
}

TEST(nothing_to_tell_apart_is_no_change)
{
    CHECK_NEAR(tested(3, (double[]){5, 0, 0}, (double[]){9, 0, 0}).p, 1, 0);
    CHECK_NEAR(tested(3, (double[]){1, 1, 1}, (double[]){1, 0, 0}).p, 1, 0); /* all rare: one category */
    CHECK_EQ_INT(tested(3, (double[]){1, 1, 1}, (double[]){1, 0, 0}).freedom, 0);
}

/* A model that says the same of all, with fewer pictures than classes. */
TEST(a_collapse_is_seen_in_few_of_many)
{
    enum { CLASSES = 100 };
    double reference[CLASSES], now[CLASSES] = {[7] = 30};
    for (int i = 0; i < CLASSES; i++)
        reference[i] = 20;
    CHECK(tested(CLASSES, reference, now).p < 1e-12);
}
