// SPDX-License-Identifier: Apache-2.0
#include "base/rng.h"
#include "data/staged.h"

#include <math.h>
#include <stdlib.h>

/* Rows grouped by class, each class shuffled: the i-th of a class lands where the numbers of (class, i) say. */
static gd_status group_rows(const gd_images *images, int n_classes, uint64_t seed, int64_t *rows, int64_t *begin,
                            gd_error *error)
{
    for (int64_t i = 0; i < images->n; i++)
        begin[images->labels[i] + 1]++;
    for (int c = 0; c < n_classes; c++)
        begin[c + 1] += begin[c];
    int64_t *filled = calloc((size_t)n_classes, sizeof *filled);
    if (!filled)
        return gd_fail(error, GD_NOMEM, "out of memory for %d classes", n_classes);
    for (int64_t i = 0; i < images->n; i++) {
        /* Fisher-Yates from inside out: the new row takes a random place, what stood there moves to the end */
        int c = images->labels[i];
        int64_t k = filled[c]++;
        uint32_t word = gd_rng(seed, GD_RNG_SPLIT, (uint32_t)c, (uint64_t)k).at[0];
        int64_t j = gd_rng_below(word, (uint32_t)(k + 1));
        rows[begin[c] + k] = rows[begin[c] + j];
        rows[begin[c] + j] = i;
    }
    free(filled);
    return GD_OK;
}

/* Marks the held-out ones of a class' n shuffled rows. */
static int64_t hold_out(const int64_t *rows, int64_t n, int c, double fraction, int fold, int folds, uint8_t *held)
{
    int64_t held_n = 0;
    if (folds > 0) {
        /* classes begin at different folds, so that the remainders do not all fall into the first ones */
        for (int64_t k = 0; k < n; k++)
            if ((k + c) % folds == fold) {
                held[rows[k]] = 1;
                held_n++;
            }
        return held_n;
    }
    held_n = llround(fraction * (double)n);
    held_n = held_n < 1 ? 1 : held_n > n - 1 ? n - 1 : held_n;
    for (int64_t k = 0; k < held_n; k++)
        held[rows[k]] = 1;
    return held_n;
}

gd_status gd_split_make(const gd_images *images, const char *const *classes, int n_classes, double fraction, int fold,
                        int folds, uint64_t seed, gd_arena *arena, gd_split *split, gd_error *error)
{
    *split = (gd_split){0};
    if (folds == 1 || folds < 0 || (folds > 0 && (fold < 0 || fold >= folds)))
        return gd_fail(error, GD_INVALID, "fold %d of %d: folds are at least 2, and fold is below folds", fold, folds);
    if (images->n > UINT32_MAX || !(fraction >= 0 && fraction < 1))
        return gd_fail(error, GD_INVALID, "cannot hold out %g of %lld images", fraction, (long long)images->n);
    size_t n = (size_t)images->n;
    int64_t *order = gd_arena_alloc(arena, n + 1, sizeof *order);
    int64_t *rows = malloc((n + 1) * sizeof *rows), *begin = calloc((size_t)n_classes + 1, sizeof *begin);
    uint8_t *held = calloc(n + 1, 1);
    int64_t n_held = 0;
    gd_status status = GD_OK;
    if (!order || !rows || !begin || !held) {
        status = gd_fail(error, GD_NOMEM, "out of memory for a split of %zu images", n);
        goto done;
    }
    if (fraction > 0 || folds > 0) {
        GD_TRY_TO(done, group_rows(images, n_classes, seed, rows, begin, error));
        for (int c = 0; c < n_classes; c++) {
            int64_t members = begin[c + 1] - begin[c];
            if (members < 2) {
                status = gd_fail(error, GD_INVALID,
                                 "class '%s' has %lld training image%s: 2 are needed to hold one out, or "
                                 "data.validation: 0 holds none out",
                                 classes[c], (long long)members, members == 1 ? "" : "s");
                goto done;
            }
            n_held += hold_out(rows + begin[c], members, c, fraction, fold, folds, held);
        }
    }
    int64_t *train = order, *validation = order + (images->n - n_held);
    *split = (gd_split){images->n - n_held, n_held, train, validation};
    for (int64_t i = 0; i < images->n; i++)
        *(held[i] ? validation++ : train++) = i;
done:
    free(held);
    free(begin);
    free(rows);
    return status;
}
