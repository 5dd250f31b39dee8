// SPDX-License-Identifier: Apache-2.0
#include "monitor/verdict.h"

#include "monitor/alarm.h"
#include "monitor/verdict_own.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { VIOLATIONS_EACH = 6 /* of a column, at most */, SEED = 1 /* of permutations */ };

const char *const gd_violation_names[GD_VIOLATION_KINDS] = {
    [GD_DATA_TYPE] = "data_type_check",           [GD_COMPLETENESS] = "completeness_check",
    [GD_BASELINE_DRIFT] = "baseline_drift_check", [GD_MISSING_COLUMN] = "missing_column_check",
    [GD_EXTRA_COLUMN] = "extra_column_check",     [GD_CATEGORICAL_VALUES] = "categorical_values_check",
};

static gd_status no_memory(gd_error *error) { return gd_fail(error, GD_NOMEM, "out of memory for a verdict"); }

gd_status gd_verdict_violate(gd_making *m, gd_violation_kind kind, const char *feature, const char *description)
{
    if (!description)
        return no_memory(m->error);
    m->verdict->violation[m->verdict->n_violations++] = (gd_violation){kind, feature, description};
    return GD_OK;
}

/* ---- what there is to compare ---- */

static gd_column_verdict blank(const gd_column *reference, const gd_column *current)
{
    return (gd_column_verdict){
        .reference = reference,
        .current = current,
        .compared = GD_NOT_COMPARABLE,
        .numbers = {.ks = NAN,
                    .robust = NAN,
                    .anderson = NAN,
                    .kuiper = NAN,
                    .p = NAN,
                    .psi = NAN,
                    .js = NAN,
                    .wasserstein = NAN},
        .categories = {NAN, NAN, NAN, NAN, {.statistic = NAN, .p = NAN}},
        .p = NAN,
        .adjusted = NAN,
        .distance = NAN,
        .threshold = NAN,
        .was = NAN,
        .now = NAN,
        .moved = NAN,
    };
}

static void pair_columns(gd_making *m)
{
    const gd_profile *reference = &m->baseline->profile, *current = &m->window->profile;
    gd_verdict *v = m->verdict;
    for (int i = 0; i < reference->n_columns; i++)
        v->column[v->n_columns++] = blank(&reference->column[i], gd_profile_column(current, reference->column[i].name));
    for (int i = 0; i < current->n_columns; i++) {
        if (!gd_profile_column(reference, current->column[i].name))
            v->column[v->n_columns++] = blank(NULL, &current->column[i]);
    }
    v->pictures = true;
    for (int i = 0; i < v->n_columns; i++) {
        const gd_column *any = v->column[i].reference ? v->column[i].reference : v->column[i].current;
        v->pictures = v->pictures && any->of != GD_OF_TABLE;
    }
}

/* ---- which of it is a test ---- */

/* The distance that a column is held against; NaN: its p is. */
static double threshold_of(const gd_rules *rules, double level, const char *name)
{
    const gd_column_rule *rule = gd_rule_of(rules, name);
    if (rule && !isnan(rule->threshold))
        return rule->threshold;
    return isnan(level) ? rules->threshold : NAN;
}

static gd_compared features_comparable(const gd_making *m)
{
    const gd_rows *reference = &m->baseline->profile.rows, *current = &m->window->profile.rows;
    if (reference->n == 0 || current->n == 0 || reference->dims != current->dims)
        return GD_NOT_COMPARABLE;
    return reference->n < GD_FEATURES_TEST_LEAST || current->n < GD_FEATURES_TEST_LEAST ? GD_TOO_FEW : GD_COMPARED;
}

static int64_t answers_in(const gd_making *m)
{
    int64_t n = 0;
    for (int k = 0; m->window->step && k < m->baseline->competence.calibration.n; k++)
        n += m->window->step[k];
    return n;
}

/* At a level that all possible tests share, those that could not reject are left out. */
static void choose_tests(gd_making *m)
{
    gd_verdict *v = m->verdict;
    const int64_t answers = answers_in(m);
    v->features_compared = features_comparable(m);
    v->accuracy_compared = answers > 0 ? GD_COMPARED : GD_NOT_COMPARABLE;
    int possible = (v->features_compared == GD_COMPARED) + (v->accuracy_compared == GD_COMPARED);
    for (int i = 0; i < v->n_columns; i++) {
        gd_column_verdict *column = &v->column[i];
        if (!gd_column_comparable(column))
            continue;
        column->compared = GD_COMPARED;
        column->threshold = threshold_of(&m->baseline->rules, v->level, column->reference->name);
        possible += isnan(column->threshold);
    }
    if (isnan(v->level))
        return;
    for (int i = 0; i < v->n_columns; i++) {
        if (v->column[i].compared == GD_COMPARED && isnan(v->column[i].threshold))
            gd_column_enough(&v->column[i], v->level / possible);
    }
    if (v->accuracy_compared == GD_COMPARED) { /* its extreme: all of the window on one side */
        v->accuracy_least = gd_ranks_smallest(v->level / possible, (uint64_t)m->baseline->competence.n);
        if (v->accuracy_least == 0 || answers < (int64_t)v->accuracy_least)
            v->accuracy_compared = GD_TOO_FEW;
    }
}

/* ---- figures ---- */

/* The first of a fair sample's rows are one, too. */
static int enough(const gd_rows *rows) { return rows->n < GD_FEATURES_TEST_MOST ? rows->n : GD_FEATURES_TEST_MOST; }

static gd_status compare_features(gd_making *m)
{
    const gd_rows *reference = &m->baseline->profile.rows, *current = &m->window->profile.rows;
    const size_t dims = (size_t)reference->dims;
    m->verdict->features = (gd_features_change){NAN, NAN, NAN};
    if (m->verdict->features_compared != GD_COMPARED)
        return GD_OK;
    float *row = malloc(((size_t)reference->n + (size_t)current->n) * dims * sizeof *row);
    if (!row)
        return no_memory(m->error);
    float *behind = row + (size_t)reference->n * dims;
    gd_status status = gd_rows_copy(reference, row, m->error);
    if (status == GD_OK)
        status = gd_rows_copy(current, behind, m->error);
    if (status == GD_OK)
        status = gd_features_test(row, enough(reference), behind, enough(current), (int)dims, SEED,
                                  &m->verdict->features, m->error);
    free(row);
    return status;
}

static void estimate_accuracy(gd_making *m)
{
    const gd_competence *competence = &m->baseline->competence;
    gd_verdict *v = m->verdict;
    v->accuracy = v->baseline_accuracy = (gd_estimate){NAN, NAN, NAN, NAN};
    v->accuracy_p = NAN;
    if (competence->n > 0)
        v->baseline_accuracy = competence->accuracy;
    if (v->accuracy_compared == GD_NOT_COMPARABLE)
        return;
    v->accuracy = gd_calibration_accuracy(&competence->calibration, m->window->step, GD_Z95);
    if (v->accuracy_compared == GD_COMPARED)
        v->accuracy_p = gd_accuracy_fallen(&competence->calibration, m->window->step);
}

static gd_status find_shift(gd_making *m)
{
    const gd_shift_table *table = &m->baseline->competence.shift;
    gd_verdict *v = m->verdict;
    v->shift = (gd_shift){.condition = NAN, .accuracy = {NAN, NAN, NAN, NAN}};
    if (table->classes == 0 || !m->window->cell)
        return GD_OK;
    v->mix = gd_arena_alloc(m->arena, (size_t)table->classes, sizeof *v->mix);
    v->mix_deviation = gd_arena_alloc(m->arena, (size_t)table->classes, sizeof *v->mix_deviation);
    if (!v->mix || !v->mix_deviation)
        return no_memory(m->error);
    return gd_shift_of(table, m->window->cell, GD_Z95, v->mix, v->mix_deviation, &v->shift, m->error);
}

/* ---- alarms ---- */

static void adjust(gd_verdict *v)
{
    double p[GD_PROFILE_COLUMNS * 2 + 2], adjusted[GD_PROFILE_COLUMNS * 2 + 2];
    const int n = v->n_columns;
    for (int i = 0; i < n; i++)
        p[i] = isnan(v->column[i].threshold) ? v->column[i].p : NAN;
    p[n] = v->features.p;
    p[n + 1] = v->accuracy_p;
    for (int i = 0; i < n + 2; i++)
        v->tests += !isnan(p[i]);
    gd_holm(adjusted, p, n + 2);
    for (int i = 0; i < n; i++)
        v->column[i].adjusted = adjusted[i];
    v->features_adjusted = adjusted[n];
    v->accuracy_adjusted = adjusted[n + 1];
}

/* NaN is above every level, and every distance is above no threshold. */
static void raise_alarms(gd_verdict *v)
{
    for (int i = 0; i < v->n_columns; i++) {
        gd_column_verdict *column = &v->column[i];
        column->alarm = column->adjusted <= v->level || column->distance > column->threshold;
    }
    v->features_alarm = v->features_adjusted <= v->level;
    v->accuracy_alarm = v->accuracy_adjusted <= v->level;
}

static gd_status tell_alarms(gd_making *m)
{
    gd_verdict *v = m->verdict;
    for (int i = 0; i < v->n_columns; i++) {
        const gd_column_verdict *column = &v->column[i];
        if (column->alarm)
            GD_TRY(gd_verdict_violate(m, GD_BASELINE_DRIFT, column->reference->name,
                                      isnan(column->threshold) ? gd_words_column(column, m->arena)
                                                               : gd_words_distance(column, m->arena)));
    }
    if (v->features_alarm)
        GD_TRY(gd_verdict_violate(m, GD_BASELINE_DRIFT, "features", gd_words_features(v, m->arena)));
    if (v->accuracy_alarm)
        GD_TRY(gd_verdict_violate(m, GD_BASELINE_DRIFT, "estimated_accuracy", gd_words_accuracy(v, m->arena)));
    return GD_OK;
}

static bool any_distance(const gd_verdict *v)
{
    for (int i = 0; i < v->n_columns; i++) {
        if (v->column[i].distance <= v->column[i].threshold || v->column[i].distance > v->column[i].threshold)
            return true;
    }
    return false;
}

static gd_status judge(gd_making *m)
{
    gd_verdict *v = m->verdict;
    GD_TRY(gd_verdict_rules(m));
    if (m->baseline->rules.compare && !m->baseline->rules.disabled) {
        raise_alarms(v);
        GD_TRY(tell_alarms(m));
    }
    v->too_few = v->tests == 0 && !any_distance(v);
    return GD_OK;
}

gd_status gd_verdict_make(const gd_baseline *baseline, const gd_window *window, gd_arena *arena, gd_verdict *verdict,
                          gd_error *error)
{
    gd_making m = {baseline, window, arena, verdict, error};
    const gd_rules *rules = &baseline->rules;
    const size_t columns = (size_t)baseline->profile.n_columns + (size_t)window->profile.n_columns;
    const bool known = !isnan(rules->alarms_per_month) && !isnan(rules->checks_per_month);
    *verdict = (gd_verdict){.level = known ? gd_alarm_level(rules->alarms_per_month, rules->checks_per_month) : NAN,
                            .items = window->profile.items,
                            .baseline_items = baseline->profile.items};
    verdict->column = gd_arena_alloc(arena, columns + 1, sizeof *verdict->column);
    verdict->violation =
        gd_arena_alloc(arena, (columns + (size_t)rules->n + 1) * VIOLATIONS_EACH, sizeof *verdict->violation);
    if (!verdict->column || !verdict->violation)
        return no_memory(error);
    pair_columns(&m);
    choose_tests(&m);
    for (int i = 0; i < verdict->n_columns; i++)
        GD_TRY(gd_column_compare(&verdict->column[i], rules->robust, error));
    GD_TRY(compare_features(&m));
    estimate_accuracy(&m);
    GD_TRY(find_shift(&m));
    adjust(verdict);
    return judge(&m);
}
