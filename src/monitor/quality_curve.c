// SPDX-License-Identifier: Apache-2.0
#include "monitor/quality.h"

#include <math.h>
#include <stdlib.h>

typedef struct scored {
    float score;
    uint8_t positive;
} scored;

static int by_falling_score(const void *a, const void *b)
{
    const float x = ((const scored *)a)->score, y = ((const scored *)b)->score;
    return (x < y) - (x > y);
}

/* Walks the thresholds of `sorted` (n) from the highest down: both areas, and the points worth keeping. */
static void walk(const scored *sorted, int64_t n, int most, gd_curve_point *point, gd_curves *curves)
{
    const double positives = (double)curves->positives, negatives = (double)curves->negatives;
    double right = 0, wrong = 0, area = 0, precise = 0;
    int entered = 0; /* of the most - 2 lengths */
    point[curves->n++] = (gd_curve_point){INFINITY, 0, 0, 1};
    for (int64_t i = 0; i < n;) {
        const float threshold = sorted[i].score;
        const double right_before = right, wrong_before = wrong;
        for (; i < n && sorted[i].score == threshold; i++) {
            right += sorted[i].positive;
            wrong += !sorted[i].positive;
        }
        area += (wrong - wrong_before) * (right + right_before) / 2;
        precise += (right - right_before) * right / (right + wrong);
        const double x = negatives > 0 ? wrong / negatives : 1, y = positives > 0 ? right / positives : 1;
        const int now = (int)((x + y) / 2 * (most - 2));
        if (now > entered || i == n) {
            entered = now;
            point[curves->n++] = (gd_curve_point){(double)threshold, x, y, right / (right + wrong)};
        }
    }
    curves->auc = area / (positives * negatives);
    curves->average_precision = precise / positives;
}

gd_status gd_quality_curves(const float *score, const uint8_t *positive, const uint8_t *keep, int64_t n, int most,
                            gd_curve_point *point, gd_curves *curves, gd_error *error)
{
    *curves = (gd_curves){0};
    if (most < GD_CURVE_LEAST)
        return gd_fail(error, GD_INVALID, "a curve of %d points: %d or more", most, GD_CURVE_LEAST);
    scored *sorted = malloc((size_t)(n + 1) * sizeof *sorted);
    if (!sorted)
        return gd_fail(error, GD_NOMEM, "out of memory for %lld scores", (long long)n);
    int64_t kept = 0;
    for (int64_t i = 0; i < n; i++) {
        if (keep && !keep[i])
            continue;
        if (isnan(score[i])) {
            free(sorted);
            return gd_fail(error, GD_INVALID, "the score of picture %lld is not a number", (long long)i);
        }
        sorted[kept++] = (scored){score[i], positive[i] != 0};
        curves->positives += positive[i] != 0;
    }
    curves->negatives = kept - curves->positives;
    qsort(sorted, (size_t)kept, sizeof *sorted, by_falling_score);
    walk(sorted, kept, most, point, curves);
    free(sorted);
    return GD_OK;
}
