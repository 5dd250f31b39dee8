// SPDX-License-Identifier: Apache-2.0
#include "monitor/accuracy.h"

#include <math.h>
#include <stdlib.h>

typedef struct answer {
    float confidence;
    uint8_t right;
} answer;

static int by_confidence(const void *a, const void *b)
{
    const float x = ((const answer *)a)->confidence, y = ((const answer *)b)->confidence;
    return (x > y) - (x < y);
}

/* Steps are pooled as they come: the last of them is never less often right than those before. */
static void push(gd_calibration *c, double top, double count, double right)
{
    while (c->n > 0 && c->right[c->n - 1] * count >= right * c->count[c->n - 1]) {
        c->n--;
        count += c->count[c->n];
        right += c->right[c->n];
    }
    c->top[c->n] = top;
    c->count[c->n] = count;
    c->right[c->n++] = right;
}

/* Bins of a sorted baseline: equal confidences stay together, and the last one is no smaller than the others. */
static void pool(gd_calibration *c, const answer *sorted, int64_t n)
{
    int64_t bins = n / GD_CALIBRATION_LEAST;
    bins = bins < GD_CALIBRATION_STEPS ? bins : GD_CALIBRATION_STEPS;
    int64_t first = 0;
    for (int64_t b = 1; b <= bins; b++) {
        int64_t end = (int64_t)((double)n * (double)b / (double)bins), right = 0;
        while (end < n && end > 0 && sorted[end].confidence == sorted[end - 1].confidence)
            end++;
        if (end <= first)
            continue;
        for (int64_t i = first; i < end; i++)
            right += sorted[i].right;
        push(c, (double)sorted[end - 1].confidence, (double)(end - first), (double)right);
        first = end;
    }
}

gd_status gd_calibration_fit(gd_calibration *calibration, const float *confidence, const uint8_t *right, int64_t n,
                             gd_error *error)
{
    calibration->n = 0;
    if (n < GD_CALIBRATION_LEAST)
        return gd_fail(error, GD_INVALID,
                       "%lld pictures with labels are too few to calibrate confidence by: %d are needed", (long long)n,
                       GD_CALIBRATION_LEAST);
    answer *sorted = malloc((size_t)n * sizeof *sorted);
    if (!sorted)
        return gd_fail(error, GD_NOMEM, "out of memory for %lld confidences", (long long)n);
    gd_status status = GD_OK;
    for (int64_t i = 0; i < n && status == GD_OK; i++) {
        sorted[i] = (answer){confidence[i], right[i] != 0};
        if (!(confidence[i] >= 0 && confidence[i] <= 1))
            status = gd_fail(error, GD_INVALID, "confidence %g of picture %lld is not within 0 and 1",
                             (double)confidence[i], (long long)i);
    }
    if (status == GD_OK) {
        qsort(sorted, (size_t)n, sizeof *sorted, by_confidence);
        pool(calibration, sorted, n);
    }
    free(sorted);
    return status;
}

int gd_calibration_step(const gd_calibration *calibration, float confidence)
{
    int low = 0, high = calibration->n - 1;
    while (low < high) {
        const int middle = (low + high) / 2;
        if ((double)confidence > calibration->top[middle])
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

double gd_calibration_share(const gd_calibration *calibration, int step)
{
    return calibration->right[step] / calibration->count[step];
}

void gd_calibration_count(const gd_calibration *calibration, const float *confidence, int64_t n, int64_t *counts)
{
    for (int64_t i = 0; i < n; i++)
        counts[gd_calibration_step(calibration, confidence[i])]++;
}

gd_estimate gd_estimate_of(double value, double deviation, double z)
{
    const double per = z * z * deviation * deviation / (value * (1 - value)); /* z^2 / pictures */
    if (!isfinite(per) || per < 0)                                            /* 0 or 1, or nothing: as it is */
        return (gd_estimate){value, deviation, fmax(0, value - z * deviation), fmin(1, value + z * deviation)};
    const double middle = (value + per / 2) / (1 + per);
    const double half = sqrt(value * (1 - value) * per + per * per / 4) / (1 + per);
    return (gd_estimate){value, deviation, fmax(0, middle - half), fmin(1, middle + half)};
}

gd_estimate gd_estimate_of_share(double value, double deviation, double n, double z)
{
    if (value > 0 && value < 1 && deviation > 0)
        return gd_estimate_of(value, deviation, z);
    const double out = z * z / (n + z * z); /* Wilson's of none of n, and of all */
    return (gd_estimate){value, deviation, fmax(0, value - out), fmin(1, value + out)};
}

gd_estimate gd_calibration_accuracy(const gd_calibration *calibration, const int64_t *counts, double z)
{
    double n = 0, right = 0, variance = 0;
    for (int k = 0; k < calibration->n; k++)
        n += (double)counts[k];
    if (!(n > 0))
        return (gd_estimate){NAN, NAN, NAN, NAN};
    for (int k = 0; k < calibration->n; k++) {
        const double m = calibration->count[k], share = (double)counts[k] / n;
        const double r = (calibration->right[k] + 0.5) / (m + 1);
        right += share * gd_calibration_share(calibration, k);
        variance += r * (1 - r) * (share / n + share * share / m);
    }
    return gd_estimate_of(right, sqrt(variance), z);
}

double gd_calibration_error(const float *confidence, const uint8_t *right, const uint8_t *keep, int64_t n)
{
    enum { BINS = 15 };
    double sure[BINS] = {0}, hits[BINS] = {0}, apart = 0, rows = 0;
    for (int64_t i = 0; i < n; i++) {
        if (keep && !keep[i])
            continue;
        const int bin = (int)fmax(0, fmin((double)confidence[i] * BINS, BINS - 1));
        sure[bin] += (double)confidence[i];
        hits[bin] += right[i] != 0;
        rows++;
    }
    for (int b = 0; b < BINS; b++)
        apart += fabs(hits[b] - sure[b]);
    return rows > 0 ? apart / rows : NAN;
}

double gd_brier(const float *probabilities, int classes, const int32_t *label, const uint8_t *keep, int64_t n)
{
    double sum = 0, rows = 0;
    for (int64_t i = 0; i < n; i++) {
        if (keep && !keep[i])
            continue;
        for (int c = 0; c < classes; c++) {
            const double apart = (double)probabilities[(size_t)i * (size_t)classes + (size_t)c] - (c == label[i]);
            sum += apart * apart;
        }
        rows++;
    }
    return rows > 0 ? sum / rows : NAN;
}
