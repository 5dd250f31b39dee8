// SPDX-License-Identifier: Apache-2.0
#include "monitor/shift.h"

#include "monitor/eigen.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static int by_size(const void *a, const void *b)
{
    const float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

int gd_shift_cell(const gd_shift_table *table, int answer, float confidence)
{
    int part = 0;
    while (part < table->parts - 1 && confidence > table->edge[part])
        part++;
    return answer * table->parts + part;
}

gd_status gd_shift_table_init(gd_shift_table *table, int classes, int parts, const int32_t *label,
                              const int32_t *answer, const float *confidence, int64_t n, gd_error *error)
{
    *table = (gd_shift_table){.classes = classes, .parts = parts};
    if (n < 1 || classes < 1 || classes > GD_SHIFT_CLASSES || parts < 1 || parts > GD_SHIFT_PARTS ||
        classes * parts > GD_SHIFT_CELLS)
        return gd_fail(error, GD_INVALID,
                       "%lld pictures of %d classes in %d parts: 1 or more, 1 to %d, 1 to %d; %d cells", (long long)n,
                       classes, parts, GD_SHIFT_CLASSES, GD_SHIFT_PARTS, GD_SHIFT_CELLS);
    float *sorted = malloc(sizeof(float) * (size_t)n);
    table->count = calloc((size_t)classes * (size_t)parts * (size_t)classes, sizeof *table->count);
    if (!sorted || !table->count) {
        free(sorted);
        gd_shift_table_release(table);
        return gd_fail(error, GD_NOMEM, "out of memory for a table of %d classes", classes);
    }
    memcpy(sorted, confidence, sizeof(float) * (size_t)n);
    qsort(sorted, (size_t)n, sizeof *sorted, by_size);
    for (int p = 1; p < parts; p++)
        table->edge[p - 1] = sorted[n * p / parts];
    gd_status status = GD_OK;
    for (int64_t i = 0; i < n && status == GD_OK; i++) {
        if (label[i] < 0 || label[i] >= classes || answer[i] < 0 || answer[i] >= classes)
            status = gd_fail(error, GD_INVALID, "label %d and answer %d of picture %lld: there are %d classes",
                             (int)label[i], (int)answer[i], (long long)i, classes);
        else
            table->count[(size_t)gd_shift_cell(table, answer[i], confidence[i]) * (size_t)classes + (size_t)label[i]]++;
    }
    free(sorted);
    if (status != GD_OK)
        gd_shift_table_release(table);
    return status;
}

void gd_shift_table_release(gd_shift_table *table)
{
    free(table->count);
    *table = (gd_shift_table){0};
}

/* The problem in numbers; classes that the baseline has not are left out. */
typedef struct problem {
    int cells, classes, parts;
    int *class_at;                  /* (classes) */
    double *share;                  /* (cells,classes): A */
    double *pictures;               /* (classes) of the baseline */
    double *window;                 /* (cells) shares of the window; 0 in cells that are strange */
    double n;                       /* of the window, without the strange */
    double *mix, *told, *push, *of; /* (classes), (cells): A q, (classes), (cells) */
    double *square, *value;         /* (classes,classes), (classes) */
    double *towards;                /* (classes) */
} problem;

static double *row(const problem *s, int cell) { return s->share + (size_t)cell * (size_t)s->classes; }

static bool problem_new(const gd_shift_table *table, problem *s)
{
    const size_t k = (size_t)table->classes, cells = k * (size_t)table->parts;
    *s = (problem){.cells = (int)cells, .parts = table->parts};
    s->class_at = calloc(k, sizeof *s->class_at);
    s->share = malloc(sizeof(double) * (cells * k + 3 * cells + k * k + 5 * k));
    if (!s->class_at || !s->share)
        return false;
    s->window = s->share + cells * k;
    s->told = s->window + cells;
    s->of = s->told + cells;
    s->square = s->of + cells;
    s->pictures = s->square + k * k;
    s->mix = s->pictures + k;
    s->push = s->mix + k;
    s->value = s->push + k;
    s->towards = s->value + k;
    for (int j = 0; j < table->classes; j++) {
        double labelled = 0;
        for (size_t i = 0; i < cells; i++)
            labelled += (double)table->count[i * k + (size_t)j];
        s->pictures[s->classes] = labelled;
        s->class_at[s->classes] = j;
        s->classes += labelled > 0;
    }
    for (int i = 0; i < s->cells; i++) {
        for (int j = 0; j < s->classes; j++)
            row(s, i)[j] = (double)table->count[(size_t)i * k + (size_t)s->class_at[j]] / s->pictures[j];
    }
    return true;
}

static void problem_free(problem *s)
{
    free(s->class_at);
    free(s->share);
}

/* Strange pictures, which no mix explains. */
static int64_t take_window(problem *s, const int64_t *counts)
{
    int64_t strange = 0;
    for (int i = 0; i < s->cells; i++) {
        double seen = 0;
        for (int j = 0; j < s->classes; j++)
            seen += row(s, i)[j];
        s->window[i] = seen > 0 ? (double)counts[i] : 0;
        strange += seen > 0 ? 0 : counts[i];
        s->n += s->window[i];
    }
    for (int i = 0; i < s->cells && s->n > 0; i++)
        s->window[i] /= s->n;
    return strange;
}

static void tell(problem *s)
{
    for (int i = 0; i < s->cells; i++) {
        s->told[i] = 0;
        for (int j = 0; j < s->classes; j++)
            s->told[i] += row(s, i)[j] * s->mix[j];
    }
}

/* Of hundreds of classes some vanish as the mix is found. No cell's share is told to be less than this: what divides by
 * next to nothing is lost in rounding. */
static const double least_told = 1e-9;

/* Expectation maximisation never leaves the simplex and never gets less likely. It is slow where the likeliest mix lies
 * on an edge without being pushed there: then it ends within 1e-3 of it. */
static void find_mix(problem *s)
{
    const double rounds = fmin(20000, 2e9 / ((double)s->cells * s->classes));
    double moved = 1;
    for (int j = 0; j < s->classes; j++)
        s->mix[j] = 1.0 / s->classes;
    for (int round = 0; round < rounds && moved > 1e-8; round++) {
        tell(s);
        memset(s->push, 0, sizeof(double) * (size_t)s->classes);
        for (int i = 0; i < s->cells; i++) {
            for (int j = 0; j < s->classes && s->window[i] > 0; j++)
                s->push[j] += s->window[i] / s->told[i] * row(s, i)[j];
        }
        moved = 0;
        for (int j = 0; j < s->classes; j++) {
            moved += fabs(s->mix[j] * (s->push[j] - 1));
            s->mix[j] *= s->push[j];
        }
    }
    tell(s);
    for (int i = 0; i < s->cells; i++)
        s->told[i] = fmax(s->told[i], least_told);
}

/* square = sum_i a_i a_i^T weight_i over cells, a_i = row i; weight 1, or 1 / (A q)_i. */
static void information(problem *s, int per_told)
{
    const int k = s->classes;
    memset(s->square, 0, sizeof(double) * (size_t)k * (size_t)k);
    for (int i = 0; i < s->cells; i++) {
        const double *a = row(s, i), weight = per_told ? 1 / s->told[i] : 1;
        for (int j = 0; j < k; j++) {
            for (int l = j; l < k && a[j] > 0; l++)
                s->square[(size_t)j * (size_t)k + (size_t)l] += weight * a[j] * a[l];
        }
    }
}

static gd_status condition(problem *s, double *number, gd_error *error)
{
    information(s, 0);
    GD_TRY(gd_symmetric_eigen(s->classes, s->square, s->value, error));
    const double greatest = s->value[0], least = s->value[s->classes - 1];
    *number = least > s->classes * 1e-15 * greatest ? sqrt(greatest / least) : INFINITY;
    return GD_OK;
}

/* Eigenvectors of the information that a picture gives, along mixes that sum to 1: P M P, P = 1 - 1 1^T / k. M q = 1,
 * so that M's own null space is that of A. */
static gd_status directions(problem *s, gd_error *error)
{
    const int k = s->classes;
    double all = 0;
    information(s, 1);
    for (int j = 0; j < k; j++) {
        s->push[j] = 0;
        for (int l = 0; l < k; l++)
            s->push[j] += s->square[(size_t)(j < l ? j : l) * (size_t)k + (size_t)(j < l ? l : j)] / k;
        all += s->push[j] / k;
    }
    for (int j = 0; j < k; j++) {
        for (int l = j; l < k; l++)
            s->square[(size_t)j * (size_t)k + (size_t)l] += all - s->push[j] - s->push[l];
    }
    return gd_symmetric_eigen(k, s->square, s->value, error);
}

/* Variance of an estimate that moves by `towards` . (q found - q) and, where `recalls`, by what the recalls are off:
 * push = D towards, D the inverse of the information along the simplex; of each picture in cell i, h_i = push . a_i /
 * (A q)_i. A picture of the window moves the estimate by h_i / n, one of class j in the baseline by
 * ([answered rightly] - h_i) q_j / m_j. */
static double variance(problem *s, const double *towards, int recalls)
{
    const int k = s->classes;
    double sum = 0, square = 0, total = 0;
    memset(s->push, 0, sizeof(double) * (size_t)k);
    for (int e = 0; e < k - 1; e++) { /* the last direction is 1 1^T, where nothing moves */
        const double *vector = s->square + (size_t)e * (size_t)k;
        double along = 0;
        for (int j = 0; j < k; j++)
            along += vector[j] * towards[j];
        for (int j = 0; j < k; j++)
            s->push[j] += along / s->value[e] * vector[j];
    }
    for (int i = 0; i < s->cells; i++) {
        s->of[i] = 0;
        for (int j = 0; j < k; j++)
            s->of[i] += s->push[j] * row(s, i)[j] / s->told[i];
        sum += s->told[i] * s->of[i];
        square += s->told[i] * s->of[i] * s->of[i];
    }
    total = (square - sum * sum) / s->n;
    for (int j = 0; j < k; j++) {
        sum = square = 0;
        for (int i = 0; i < s->cells; i++) {
            const double move = (recalls && i / s->parts == s->class_at[j]) - s->of[i];
            sum += row(s, i)[j] * move;
            square += row(s, i)[j] * move * move;
        }
        total += s->mix[j] * s->mix[j] * (square - sum * sum) / s->pictures[j];
    }
    return fmax(0, total);
}

static void find_accuracy(problem *s, double *recall, double z, int known, gd_shift *shift)
{
    double value = 0;
    for (int j = 0; j < s->classes; j++) {
        recall[j] = 0;
        for (int p = 0; p < s->parts; p++)
            recall[j] += row(s, s->class_at[j] * s->parts + p)[j];
        value += s->mix[j] * recall[j];
    }
    const double luck = value * (1 - value) / s->n; /* which of its pictures the window's are */
    shift->accuracy = gd_estimate_of(value, known ? sqrt(luck + variance(s, recall, 1)) : NAN, z);
}

static gd_status find(problem *s, double z, double *mix, double *deviation, gd_shift *shift, gd_error *error)
{
    find_mix(s);
    GD_TRY(condition(s, &shift->condition, error));
    GD_TRY(directions(s, error));
    const int k = s->classes, known = isfinite(shift->condition);
    for (int j = 0; j < k; j++)
        mix[s->class_at[j]] = s->mix[j];
    for (int j = 0; j < k && known; j++) {
        memset(s->towards, 0, sizeof(double) * (size_t)k);
        s->towards[j] = 1;
        deviation[s->class_at[j]] = sqrt(variance(s, s->towards, 0));
    }
    find_accuracy(s, s->towards, z, known, shift);
    return GD_OK;
}

gd_status gd_shift_of(const gd_shift_table *table, const int64_t *counts, double z, double *mix, double *deviation,
                      gd_shift *shift, gd_error *error)
{
    problem s;
    *shift = (gd_shift){.condition = NAN, .accuracy = {NAN, NAN, NAN, NAN}};
    if (!problem_new(table, &s)) {
        problem_free(&s);
        return gd_fail(error, GD_NOMEM, "out of memory for the mix of %d classes", table->classes);
    }
    shift->unseen = table->classes - s.classes;
    shift->strange = take_window(&s, counts);
    for (int j = 0; j < table->classes; j++) {
        mix[j] = s.n > 0 ? 0 : NAN;
        deviation[j] = NAN;
    }
    const gd_status status = s.n > 0 ? find(&s, z, mix, deviation, shift, error) : GD_OK;
    problem_free(&s);
    return status;
}
