// SPDX-License-Identifier: Apache-2.0
#include "monitor/quality.h"

#include "base/rng.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const gd_quality_name gd_quality_names[GD_QUALITY_FIGURES] = {
    [GD_ACCURACY] = {"accuracy", "accuracy"},
    [GD_RECALL] = {"recall", "weighted_recall"},
    [GD_PRECISION] = {"precision", "weighted_precision"},
    [GD_F0_5] = {"f0_5", "weighted_f0_5"},
    [GD_F1] = {"f1", "weighted_f1"},
    [GD_F2] = {"f2", "weighted_f2"},
    [GD_TRUE_POSITIVE_RATE] = {"true_positive_rate", NULL},
    [GD_TRUE_NEGATIVE_RATE] = {"true_negative_rate", NULL},
    [GD_FALSE_POSITIVE_RATE] = {"false_positive_rate", NULL},
    [GD_FALSE_NEGATIVE_RATE] = {"false_negative_rate", NULL},
};

int64_t gd_confusion_count(int64_t *confusion, int classes, const int32_t *label, const int32_t *answer,
                           const uint8_t *keep, int64_t n)
{
    int64_t unknown = 0;
    for (int64_t i = 0; i < n; i++) {
        if (keep && !keep[i])
            continue;
        if (label[i] < 0 || label[i] >= classes || answer[i] < 0 || answer[i] >= classes)
            unknown++;
        else
            confusion[(size_t)label[i] * (size_t)classes + (size_t)answer[i]]++;
    }
    return unknown;
}

typedef struct tally {
    double labelled, answered, right;
} tally;

static tally tally_class(const int64_t *confusion, int classes, int c)
{
    tally t = {.right = (double)confusion[(size_t)c * (size_t)classes + (size_t)c]};
    for (int other = 0; other < classes; other++) {
        t.labelled += (double)confusion[(size_t)c * (size_t)classes + (size_t)other];
        t.answered += (double)confusion[(size_t)other * (size_t)classes + (size_t)c];
    }
    return t;
}

static double ratio(double a, double b) { return b > 0 ? a / b : 0; }

static double f_score(tally t, double beta)
{
    return ratio((1 + beta * beta) * t.right, beta * beta * t.labelled + t.answered);
}

/* Adds those figures of a class that have a weighted mean. */
static void add_class(tally t, double weight, double *value)
{
    value[GD_RECALL] += weight * ratio(t.right, t.labelled);
    value[GD_PRECISION] += weight * ratio(t.right, t.answered);
    value[GD_F0_5] += weight * f_score(t, 0.5);
    value[GD_F1] += weight * f_score(t, 1);
    value[GD_F2] += weight * f_score(t, 2);
}

void gd_quality_figures(const int64_t *confusion, int classes, int positive, double value[GD_QUALITY_FIGURES])
{
    double n = 0, right = 0;
    for (int f = 0; f < GD_QUALITY_FIGURES; f++)
        value[f] = NAN;
    for (int c = 0; c < classes; c++) {
        const tally t = tally_class(confusion, classes, c);
        n += t.labelled;
        right += t.right;
    }
    if (!(n > 0))
        return;
    value[GD_ACCURACY] = right / n;
    for (int f = GD_RECALL; f <= GD_F2; f++)
        value[f] = 0;
    if (positive < 0) {
        for (int c = 0; c < classes; c++) {
            const tally t = tally_class(confusion, classes, c);
            add_class(t, t.labelled / n, value);
        }
        return;
    }
    const tally t = tally_class(confusion, classes, positive);
    const double negatives = n - t.labelled, wrongly = t.answered - t.right;
    add_class(t, 1, value);
    value[GD_TRUE_POSITIVE_RATE] = ratio(t.right, t.labelled);
    value[GD_FALSE_NEGATIVE_RATE] = ratio(t.labelled - t.right, t.labelled);
    value[GD_TRUE_NEGATIVE_RATE] = ratio(negatives - wrongly, negatives);
    value[GD_FALSE_POSITIVE_RATE] = ratio(wrongly, negatives);
}

void gd_confusion_constant(const int64_t *confusion, int classes, int64_t *constant)
{
    int best = 0;
    double most = -1;
    memset(constant, 0, sizeof *constant * (size_t)classes * (size_t)classes);
    for (int c = 0; c < classes; c++) {
        const double labelled = tally_class(confusion, classes, c).labelled;
        if (labelled > most) {
            most = labelled;
            best = c;
        }
    }
    for (int c = 0; c < classes; c++)
        constant[(size_t)c * (size_t)classes + (size_t)best] = (int64_t)tally_class(confusion, classes, c).labelled;
}

/* Selection sampling: each row with the probability that is still needed of those that are left (D. E. Knuth, The Art
 * of Computer Programming 2, 3.4.2, algorithm S). */
void gd_resample(uint8_t *keep, int64_t n, uint64_t seed, int part)
{
    int64_t needed = n * 8 / 10;
    for (int64_t i = 0; i < n; i++) {
        const gd_philox random = gd_rng(seed, GD_RNG_RESAMPLE, (uint32_t)part, (uint64_t)i);
        const double unit = ((double)random.at[0] + (double)random.at[1] * 0x1p-32) * 0x1p-32;
        keep[i] = unit * (double)(n - i) < (double)needed;
        needed -= keep[i];
    }
}

double gd_deviation(const double *value, int n)
{
    double mean = 0, square = 0;
    for (int i = 0; i < n; i++)
        mean += value[i] / n;
    for (int i = 0; i < n; i++)
        square += (value[i] - mean) * (value[i] - mean);
    return sqrt(square / (n - 1));
}

gd_status gd_quality_deviations(int classes, int positive, const int32_t *label, const int32_t *answer, int64_t n,
                                uint64_t seed, double deviation[GD_QUALITY_FIGURES], gd_error *error)
{
    double value[GD_RESAMPLES][GD_QUALITY_FIGURES];
    for (int f = 0; f < GD_QUALITY_FIGURES; f++)
        deviation[f] = NAN;
    if (n < GD_RESAMPLED_LEAST)
        return GD_OK;
    uint8_t *keep = malloc((size_t)n);
    int64_t *confusion = malloc(sizeof(int64_t) * (size_t)classes * (size_t)classes);
    const gd_status status =
        keep && confusion ? GD_OK : gd_fail(error, GD_NOMEM, "out of memory for %lld answers", (long long)n);
    for (int part = 0; part < GD_RESAMPLES && status == GD_OK; part++) {
        memset(confusion, 0, sizeof *confusion * (size_t)classes * (size_t)classes);
        gd_resample(keep, n, seed, part);
        gd_confusion_count(confusion, classes, label, answer, keep, n);
        gd_quality_figures(confusion, classes, positive, value[part]);
    }
    for (int f = 0; f < GD_QUALITY_FIGURES && status == GD_OK; f++) {
        double of_parts[GD_RESAMPLES];
        for (int part = 0; part < GD_RESAMPLES; part++)
            of_parts[part] = value[part][f];
        deviation[f] = gd_deviation(of_parts, GD_RESAMPLES);
    }
    free(keep);
    free(confusion);
    return status;
}
