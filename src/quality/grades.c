// SPDX-License-Identifier: Apache-2.0
#include "quality/grades.h"

#include "monitor/profile.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const uint64_t seed = 3; /* of the parts that deviations are of */

/* ---- rows ---- */

gd_status gd_grades_init(gd_grades *g, int n_classes, int positive, gd_error *error)
{
    *g = (gd_grades){.n_classes = n_classes, .positive = n_classes == 2 ? positive : -1};
    if (n_classes < 2 || n_classes > GD_GRADES_CLASSES)
        return gd_fail(error, GD_INVALID, "answers of %d classes, outside 2 to %d", n_classes, GD_GRADES_CLASSES);
    g->confusion = calloc((size_t)n_classes * (size_t)n_classes, sizeof *g->confusion);
    g->point = calloc(GD_GRADES_POINTS, sizeof *g->point);
    if (!g->confusion || !g->point)
        return gd_fail(error, GD_NOMEM, "out of memory for a confusion of %d classes", n_classes);
    return GD_OK;
}

void gd_grades_release(gd_grades *g)
{
    free(g->label);
    free(g->answer);
    free(g->confidence);
    free(g->score);
    free(g->brier);
    free(g->right);
    free(g->confusion);
    free(g->point);
    *g = (gd_grades){0};
}

static gd_status grow(gd_grades *g, gd_error *error)
{
    const size_t more = g->capacity > 0 ? 2 * (size_t)g->capacity : 256;
    int32_t *label = realloc(g->label, more * sizeof *label);
    g->label = label ? label : g->label;
    int32_t *answer = realloc(g->answer, more * sizeof *answer);
    g->answer = answer ? answer : g->answer;
    float *confidence = realloc(g->confidence, more * sizeof *confidence);
    g->confidence = confidence ? confidence : g->confidence;
    float *score = realloc(g->score, more * sizeof *score);
    g->score = score ? score : g->score;
    float *brier = realloc(g->brier, more * sizeof *brier);
    g->brier = brier ? brier : g->brier;
    uint8_t *right = realloc(g->right, more * sizeof *right);
    g->right = right ? right : g->right;
    if (!label || !answer || !confidence || !score || !brier || !right)
        return gd_fail(error, GD_NOMEM, "out of memory for %lld labelled pictures", (long long)g->n + 1);
    g->capacity = (int64_t)more;
    return GD_OK;
}

gd_status gd_grades_add_alone(gd_grades *g, int label, int answer, gd_error *error)
{
    if (g->n == g->capacity)
        GD_TRY(grow(g, error));
    g->label[g->n] = label;
    g->answer[g->n] = answer;
    g->confidence[g->n] = g->score[g->n] = g->brier[g->n] = NAN;
    g->right[g->n] = answer == label;
    g->n++;
    g->n_alone++;
    return GD_OK;
}

gd_status gd_grades_add(gd_grades *g, int label, const float *probability, gd_error *error)
{
    const int64_t i = g->n;
    const gd_answer_figures answer = gd_answer_of(probability, g->n_classes);
    GD_TRY(gd_grades_add_alone(g, label, answer.class, error));
    g->n_alone--;
    g->confidence[i] = (float)answer.confidence;
    g->score[i] = g->positive >= 0 ? probability[g->positive] : 0;
    g->brier[i] = (float)gd_brier(probability, g->n_classes, &g->label[i], NULL, 1);
    return GD_OK;
}

/* ---- standard errors ---- */

static int64_t total(const int64_t *confusion, int classes)
{
    int64_t n = 0;
    for (int64_t i = 0; i < (int64_t)classes * classes; i++)
        n += confusion[i];
    return n;
}

static void jackknife(const int64_t *confusion, int positive, double n, double error[GD_QUALITY_FIGURES])
{
    double without[4][GD_QUALITY_FIGURES], mean[GD_QUALITY_FIGURES] = {0};
    for (int cell = 0; cell < 4; cell++) {
        int64_t fewer[4];
        memcpy(fewer, confusion, sizeof fewer);
        fewer[cell] -= fewer[cell] > 0; /* of an empty one nothing counts */
        gd_quality_figures(fewer, 2, positive, without[cell]);
        for (int f = 0; f < GD_QUALITY_FIGURES; f++)
            mean[f] += (double)confusion[cell] / n * without[cell][f];
    }
    for (int f = 0; f < GD_QUALITY_FIGURES; f++) {
        double square = 0;
        for (int cell = 0; cell < 4; cell++)
            square += (double)confusion[cell] * (without[cell][f] - mean[f]) * (without[cell][f] - mean[f]);
        error[f] = (n - 1) / n * sqrt(square);
    }
}

void gd_grades_errors(const int64_t *confusion, int classes, int positive, double error[GD_QUALITY_FIGURES])
{
    const double n = (double)total(confusion, classes);
    double value[GD_QUALITY_FIGURES];
    gd_quality_figures(confusion, classes, positive, value);
    for (int f = 0; f < GD_QUALITY_FIGURES; f++)
        error[f] = n > 1 ? sqrt(value[f] * (1 - value[f]) / n) : NAN;
    if (positive >= 0 && n > 1)
        jackknife(confusion, positive, n, error);
}

/* J. A. Hanley, B. J. McNeil, "The meaning and use of the area under a receiver operating characteristic curve", 1982.
 */
static double error_of_area(const gd_curves *c)
{
    const double a = c->auc, q1 = a / (2 - a), q2 = 2 * a * a / (1 + a), m = (double)c->positives,
                 n = (double)c->negatives;
    return sqrt((a * (1 - a) + (m - 1) * (q1 - a * a) + (n - 1) * (q2 - a * a)) / (m * n));
}

/* ---- settling ---- */

static bool has_constant(int figure) { return figure <= GD_F2; }

/* Whether there are pictures of the kind that a figure is of. */
static bool is_known(const gd_grades *g, int figure)
{
    if (g->positive < 0 || figure == GD_ACCURACY)
        return g->n > 0;
    const int64_t *row = g->confusion + (ptrdiff_t)2 * g->positive;
    const int64_t positives = row[0] + row[1];
    return figure == GD_TRUE_NEGATIVE_RATE || figure == GD_FALSE_POSITIVE_RATE ? g->n > positives : positives > 0;
}

/* All figures of the best constant answer and their deviations. */
static gd_status grade_constant(const gd_grades *g, double value[GD_QUALITY_FIGURES],
                                double deviation[GD_QUALITY_FIGURES], gd_error *error)
{
    const int k = g->n_classes;
    int64_t *confusion = calloc((size_t)k * (size_t)k, sizeof *confusion);
    int32_t *answer = calloc((size_t)g->n + 1, sizeof *answer), best = 0;
    gd_status status;
    if (!confusion || !answer) {
        status = gd_fail(error, GD_NOMEM, "out of memory for %d classes", k);
        goto done;
    }
    gd_confusion_constant(g->confusion, k, confusion);
    while (best < k - 1 && confusion[(ptrdiff_t)best * k + best] == 0)
        best++;
    for (int64_t i = 0; i < g->n; i++)
        answer[i] = best;
    gd_quality_figures(confusion, k, g->positive, value);
    status = gd_quality_deviations(k, g->positive, g->label, answer, g->n, seed, deviation, error);
done:
    free(confusion);
    free(answer);
    return status;
}

static gd_status settle_figures(gd_grades *g, gd_error *error)
{
    double value[GD_QUALITY_FIGURES], deviation[GD_QUALITY_FIGURES], errors[GD_QUALITY_FIGURES];
    double constant[GD_QUALITY_FIGURES], constant_deviation[GD_QUALITY_FIGURES];
    gd_confusion_count(g->confusion, g->n_classes, g->label, g->answer, NULL, g->n);
    gd_quality_figures(g->confusion, g->n_classes, g->positive, value);
    gd_grades_errors(g->confusion, g->n_classes, g->positive, errors);
    GD_TRY(gd_quality_deviations(g->n_classes, g->positive, g->label, g->answer, g->n, seed, deviation, error));
    GD_TRY(grade_constant(g, constant, constant_deviation, error));
    for (int f = 0; f < GD_QUALITY_FIGURES; f++) {
        const char *name = g->positive >= 0 ? gd_quality_names[f].binary : gd_quality_names[f].multiclass;
        if (name)
            g->metric[g->n_metrics++] = (gd_metric){
                .name = name,
                .mistakes = f == GD_FALSE_POSITIVE_RATE || f == GD_FALSE_NEGATIVE_RATE,
                .known = is_known(g, f),
                .value = value[f],
                .deviation = deviation[f],
                .error = errors[f],
                .constant = has_constant(f) ? constant[f] : NAN,
                .constant_deviation = has_constant(f) ? constant_deviation[f] : NAN,
            };
    }
    g->accuracy = gd_estimate_of_share(value[GD_ACCURACY], errors[GD_ACCURACY], (double)g->n, GD_Z95);
    return GD_OK;
}

/* Of the pictures that were answered with probabilities. */
typedef struct parts {
    uint8_t *keep; /* (n) */
    double error[GD_RESAMPLES], brier[GD_RESAMPLES], auc[GD_RESAMPLES];
} parts;

static double mean_brier(const gd_grades *g, const uint8_t *keep)
{
    double sum = 0, n = 0;
    for (int64_t i = 0; i < g->n; i++) {
        sum += keep[i] ? (double)g->brier[i] : 0;
        n += keep[i];
    }
    return sum / n;
}

static gd_status curves_of(const gd_grades *g, const uint8_t *keep, gd_curve_point *point, gd_curves *curves,
                           gd_error *error)
{
    uint8_t *positive = malloc((size_t)g->n + 1);
    if (!positive)
        return gd_fail(error, GD_NOMEM, "out of memory for %lld scores", (long long)g->n);
    for (int64_t i = 0; i < g->n; i++)
        positive[i] = g->label[i] == g->positive;
    const gd_status status = gd_quality_curves(g->score, positive, keep, g->n, GD_GRADES_POINTS, point, curves, error);
    free(positive);
    return status;
}

static void keep_probable(const gd_grades *g, uint8_t *keep)
{
    for (int64_t i = 0; i < g->n; i++)
        keep[i] &= !isnan(g->confidence[i]);
}

/* What is not of a confusion, of parts of the pictures. */
static gd_status grade_parts(const gd_grades *g, parts *p, gd_error *error)
{
    for (int part = 0; part < GD_RESAMPLES; part++) {
        gd_curve_point point[GD_GRADES_POINTS];
        gd_curves curves = {.auc = NAN};
        gd_resample(p->keep, g->n, seed, part);
        keep_probable(g, p->keep);
        p->error[part] = gd_calibration_error(g->confidence, g->right, p->keep, g->n);
        p->brier[part] = mean_brier(g, p->keep);
        if (g->positive >= 0)
            GD_TRY(curves_of(g, p->keep, point, &curves, error));
        p->auc[part] = curves.auc;
    }
    return GD_OK;
}

static void settle_bins(gd_grades *g)
{
    for (int64_t i = 0; i < g->n; i++) {
        if (isnan(g->confidence[i]))
            continue;
        const int at = (int)fmin((double)g->confidence[i] * GD_RELIABILITY_BINS, GD_RELIABILITY_BINS - 1);
        gd_reliability *bin = &g->bin[at > 0 ? at : 0];
        bin->n++;
        bin->right += g->right[i];
        bin->confidence += (double)g->confidence[i];
    }
}

static gd_status settle_probable(gd_grades *g, parts *p, gd_error *error)
{
    double auc_deviation = NAN;
    settle_bins(g);
    if (g->n - g->n_alone >= GD_RESAMPLED_LEAST) {
        GD_TRY(grade_parts(g, p, error));
        g->calibration_deviation = gd_deviation(p->error, GD_RESAMPLES);
        g->brier_deviation = gd_deviation(p->brier, GD_RESAMPLES);
        auc_deviation = gd_deviation(p->auc, GD_RESAMPLES);
    }
    memset(p->keep, 1, (size_t)g->n);
    keep_probable(g, p->keep);
    g->calibration_error = gd_calibration_error(g->confidence, g->right, p->keep, g->n);
    g->brier_score = mean_brier(g, p->keep);
    if (g->positive < 0)
        return GD_OK;
    g->curves.auc = g->curves.average_precision = NAN;
    if (g->n_alone < g->n)
        GD_TRY(curves_of(g, p->keep, g->point, &g->curves, error));
    g->metric[g->n_metrics++] = (gd_metric){.name = "auc",
                                            .known = !isnan(g->curves.auc),
                                            .value = g->curves.auc,
                                            .deviation = auc_deviation,
                                            .error = error_of_area(&g->curves),
                                            .constant = NAN,
                                            .constant_deviation = NAN};
    return GD_OK;
}

gd_status gd_grades_settle(gd_grades *g, gd_error *error)
{
    parts p = {.keep = malloc((size_t)g->n + 1)};
    gd_status status;
    g->calibration_deviation = g->brier_deviation = NAN;
    if (!p.keep)
        return gd_fail(error, GD_NOMEM, "out of memory for %lld labelled pictures", (long long)g->n);
    status = settle_figures(g, error);
    if (status == GD_OK)
        status = settle_probable(g, &p, error);
    free(p.keep);
    return status;
}
