// SPDX-License-Identifier: Apache-2.0
#include "data/staged.h"
#include "unit.h"

#include <stdlib.h>
#include <string.h>

enum { N = 1000 };

/* Class 0 has 700 images, class 1 200, class 2 100. */
static gd_images unbalanced(int32_t *labels)
{
    for (int i = 0; i < N; i++)
        labels[i] = i % 10 < 7 ? 0 : i % 10 < 9 ? 1 : 2;
    return (gd_images){.n = N, .labels = labels};
}

static const char *const names[] = {"a", "b", "c"};

static gd_split split_of(const gd_images *images, double fraction, int fold, int folds, uint64_t seed, gd_arena *arena)
{
    gd_split split;
    gd_error error = {0};
    CHECK_OK(gd_split_make(images, names, 3, fraction, fold, folds, seed, arena, &split, &error), &error);
    /* both ascend, and together they are all rows once */
    CHECK_EQ_INT(split.n_train + split.n_validation, images->n);
    int64_t t = 0, v = 0;
    for (int64_t row = 0; row < images->n; row++) {
        if (t < split.n_train && split.train[t] == row)
            t++;
        else if (v < split.n_validation && split.validation[v] == row)
            v++;
        else
            CHECK(!"every row is in one of the two");
    }
    return split;
}

TEST(each_class_gives_its_share)
{
    int32_t labels[N];
    gd_images images = unbalanced(labels);
    gd_arena arena = {0};
    gd_split split = split_of(&images, 0.1, 0, 0, 5, &arena);
    int count[3] = {0};
    for (int64_t i = 0; i < split.n_validation; i++)
        count[labels[split.validation[i]]]++;
    CHECK_EQ_INT(count[0], 70);
    CHECK_EQ_INT(count[1], 20);
    CHECK_EQ_INT(count[2], 10);
    gd_arena_release(&arena);
}

TEST(the_seed_decides)
{
    int32_t labels[N];
    gd_images images = unbalanced(labels);
    gd_arena arena = {0};
    gd_split a = split_of(&images, 0.1, 0, 0, 5, &arena), b = split_of(&images, 0.1, 0, 0, 5, &arena),
             c = split_of(&images, 0.1, 0, 0, 6, &arena);
    size_t bytes = (size_t)a.n_validation * sizeof *a.validation;
    CHECK(memcmp(a.validation, b.validation, bytes) == 0);
    CHECK(memcmp(a.validation, c.validation, bytes) != 0);
    /* and not merely the first rows */
    CHECK(a.validation[a.n_validation - 1] > N / 2);
    gd_arena_release(&arena);
}

TEST(nothing_is_held_out_for_0)
{
    int32_t labels[N];
    gd_images images = unbalanced(labels);
    gd_arena arena = {0};
    gd_split split = split_of(&images, 0, 0, 0, 5, &arena);
    CHECK_EQ_INT(split.n_train, N);
    gd_arena_release(&arena);
}

TEST(folds_hold_out_every_row_once_in_equal_shares)
{
    int32_t labels[N];
    gd_images images = unbalanced(labels);
    gd_arena arena = {0};
    int held[N] = {0};
    for (int fold = 0; fold < 7; fold++) {
        gd_split split = split_of(&images, 0.5, fold, 7, 5, &arena);
        int count[3] = {0};
        for (int64_t i = 0; i < split.n_validation; i++) {
            held[split.validation[i]]++;
            count[labels[split.validation[i]]]++;
        }
        CHECK_EQ_INT(count[0], 100);
        CHECK_NEAR(count[1], 200.0 / 7, 1);
        CHECK_NEAR(count[2], 100.0 / 7, 1);
    }
    for (int i = 0; i < N; i++)
        CHECK_EQ_INT(held[i], 1);
    gd_arena_release(&arena);
}

TEST(a_small_class_keeps_one_and_gives_one)
{
    const int32_t labels[5] = {0, 0, 1, 1, 1};
    gd_images images = {.n = 5, .labels = labels};
    gd_arena arena = {0};
    gd_split split;
    gd_error error = {0};
    CHECK_OK(gd_split_make(&images, names, 2, 0.01, 0, 0, 1, &arena, &split, &error), &error);
    CHECK_EQ_INT(split.n_validation, 2);
    CHECK_OK(gd_split_make(&images, names, 2, 0.9, 0, 0, 1, &arena, &split, &error), &error);
    CHECK_EQ_INT(split.n_train, 2);
    gd_arena_release(&arena);
}

TEST(too_few_images_and_wrong_folds_are_refused)
{
    const int32_t labels[3] = {0, 0, 1};
    gd_images images = {.n = 3, .labels = labels};
    gd_arena arena = {0};
    gd_split split;
    gd_error error = {0};
    CHECK_FAILS(gd_split_make(&images, names, 2, 0.1, 0, 0, 1, &arena, &split, &error), GD_INVALID, &error,
                "class 'b' has 1 training image: 2 are needed");
    CHECK_OK(gd_split_make(&images, names, 2, 0, 0, 0, 1, &arena, &split, &error), &error);
    CHECK_FAILS(gd_split_make(&images, names, 2, 0, 3, 3, 1, &arena, &split, &error), GD_INVALID, &error,
                "fold 3 of 3");
    CHECK_FAILS(gd_split_make(&images, names, 2, 0, 0, 1, 1, &arena, &split, &error), GD_INVALID, &error, "at least 2");
    gd_arena_release(&arena);
}
