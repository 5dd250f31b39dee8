// SPDX-License-Identifier: Apache-2.0
/* Since when: the slot that splits a window best into pictures that are like the baseline's and pictures that are not.
 *
 *     Of slots k to the last, with N pictures of mean M:  gain(k) = N (M - baseline's mean)^2 / baseline's variance,
 *     twice the logarithm of how much likelier they are with a mean of their own. The k of the greatest gain begins
 *     the change (E. S. Page, "Continuous inspection schemes", 1954, with the mean before known). There is none where
 *     that gain is what chance gives, and no longer one where the last third of these pictures is back.
 */
#include "report/page.h"

#include <math.h>
#include <string.h>

static const double least_gain = 16; /* four deviations */

int gd_page_figure(const char *name)
{
    static const char *const of_answers[] = {"confidence", "uncertainty", "margin"};
    for (int i = 0; i < GD_FIGURES; i++)
        if (strcmp(name, gd_figure_table[i].name) == 0)
            return i;
    for (int i = 0; i < GD_TIMELINE_FIGURES - GD_FIGURES; i++)
        if (strcmp(name, of_answers[i]) == 0)
            return GD_FIGURES + i;
    return -1;
}

/* How far the mean of slots `from` to the last is away, and of how many pictures it is. */
static double away(const gd_timeline *t, int figure, int from, double mean, double *n)
{
    double sum = 0;
    *n = 0;
    for (int i = from; i < t->n; i++) {
        *n += t->slot[i].count[figure];
        sum += t->slot[i].sum[figure];
    }
    return *n > 0 ? sum / *n - mean : 0;
}

static int begin_of(const gd_timeline *t, int figure, double mean, double variance)
{
    double greatest = 0, n;
    int begin = -1;
    for (int k = 0; k < t->n; k++) {
        const double by = away(t, figure, k, mean, &n), gain = n * by * by;
        if (t->slot[k].count[figure] > 0 && gain > greatest) {
            greatest = gain;
            begin = k;
        }
    }
    return greatest > least_gain * variance ? begin : -1;
}

static bool lasts(const gd_timeline *t, int figure, int begin, double mean)
{
    double n, last_n;
    const double by = away(t, figure, begin, mean, &n);
    int last = t->n - 1;
    while (last > begin && (away(t, figure, last, mean, &last_n), last_n < n / 3))
        last--;
    return away(t, figure, last, mean, &last_n) / by > 0.5;
}

int64_t gd_page_since(const gd_page *page, const gd_column_verdict *column)
{
    const gd_timeline *t = &page->window->timeline;
    const gd_column *reference = column->reference;
    const int figure = reference ? gd_page_figure(reference->name) : -1;
    if (figure < 0 || figure == GD_HUE || !reference->sketch || t->width_ms <= 0)
        return INT64_MIN;
    const double mean = gd_moments_mean(&reference->sketch->moments);
    const double deviation = gd_moments_deviation(&reference->sketch->moments);
    const int begin = begin_of(t, figure, mean, deviation * deviation);
    return begin >= 0 && lasts(t, figure, begin, mean) ? t->first_ms + begin * t->width_ms : INT64_MIN;
}
