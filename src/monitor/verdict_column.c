// SPDX-License-Identifier: Apache-2.0
#include "monitor/alarm.h"
#include "monitor/verdict_own.h"

#include <math.h>

static const double circle = 360;

bool gd_column_comparable(const gd_column_verdict *v)
{
    return v->reference && v->current && !v->reference->names == !v->current->names &&
           gd_column_present(v->reference) > 0 && gd_column_present(v->current) > 0;
}

static bool within_circle(const gd_column *column)
{
    return column->kind == GD_COLUMN_CIRCLE && column->sketch->moments.min >= 0 &&
           column->sketch->moments.max <= circle;
}

/* Angles from elsewhere may be beyond the circle: then they are compared as plain numbers. */
static bool is_circle(const gd_column_verdict *v)
{
    return !v->reference->names && within_circle(v->reference) && within_circle(v->current);
}

void gd_column_enough(gd_column_verdict *v, double level)
{
    const uint64_t n = (uint64_t)gd_column_present(v->reference), m = (uint64_t)gd_column_present(v->current);
    if (v->reference->names)
        v->least = gd_chi_square_smallest(level, n, v->reference->names->n + 1);
    else
        v->least = is_circle(v) ? gd_kuiper_smallest(level, n) : gd_anderson_smallest(level, n);
    v->compared = v->least > 0 && m >= v->least ? GD_COMPARED : GD_TOO_FEW;
}

/* From one direction to the other the shorter way round. */
static double turned(double from, double to)
{
    const double by = to - from;
    return by > circle / 2 ? by - circle : by < -circle / 2 ? by + circle : by;
}

static gd_status compare_samples(gd_column_verdict *v, const gd_sample *reference, const gd_sample *current,
                                 gd_error *error)
{
    if (is_circle(v)) {
        v->was = gd_sample_circular_mean(reference, circle);
        v->now = gd_sample_circular_mean(current, circle);
        v->moved = turned(v->was, v->now);
        return gd_sample_compare_circular(reference, current, circle, &v->numbers, error);
    }
    v->was = gd_moments_mean(&reference->moments);
    v->now = gd_moments_mean(&current->moments);
    v->moved = v->now == v->was ? 0 : (v->now - v->was) / gd_moments_deviation(&reference->moments);
    return gd_sample_compare(reference, current, &v->numbers, error);
}

static gd_status compare_numbers(gd_column_verdict *v, gd_error *error)
{
    gd_sample reference = {0}, current = {0};
    gd_status status = gd_sample_of_sketch(&reference, v->reference->sketch, error);
    if (status == GD_OK)
        status = gd_sample_of_sketch(&current, v->current->sketch, error);
    if (status == GD_OK)
        status = compare_samples(v, &reference, &current, error);
    gd_sample_release(&reference);
    gd_sample_release(&current);
    return status;
}

gd_status gd_column_compare(gd_column_verdict *v, bool robust, gd_error *error)
{
    if (v->compared == GD_NOT_COMPARABLE)
        return GD_OK;
    if (v->reference->names) {
        GD_TRY(gd_categories_compare(v->reference->names, v->current->names, &v->categories, error));
        v->p = v->categories.test.p;
        v->distance = robust ? v->categories.robust : v->categories.linf;
    } else {
        GD_TRY(compare_numbers(v, error));
        v->p = v->numbers.p;
        v->distance = robust ? v->numbers.robust : v->numbers.ks;
    }
    if (v->compared == GD_TOO_FEW)
        v->p = v->numbers.p = v->categories.test.p = NAN;
    return GD_OK;
}
