// SPDX-License-Identifier: Apache-2.0
#include "report/page.h"

#include <math.h>
#include <string.h>

enum { LEAST = 5 /* pictures in a slot, or its mean says little */ };

/* A mean of n pictures is this far from the baseline's, in deviations of such a mean, once in 15,000 slots. */
static const double far = 4;

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

int64_t gd_page_since(const gd_page *page, const gd_column_verdict *column)
{
    const gd_timeline *t = &page->window->timeline;
    const gd_column *reference = column->reference;
    const int figure = reference ? gd_page_figure(reference->name) : -1;
    if (figure < 0 || figure == GD_HUE || !reference->sketch || t->width_ms <= 0)
        return INT64_MIN;
    const double mean = gd_moments_mean(&reference->sketch->moments);
    const double deviation = gd_moments_deviation(&reference->sketch->moments);
    int64_t since = INT64_MIN;
    int side = 0;
    for (int i = t->n - 1; i >= 0; i--) {
        const double n = t->slot[i].count[figure];
        if (n < LEAST)
            continue;
        const double away = t->slot[i].sum[figure] / n - mean;
        const int out = fabs(away) > far * deviation / sqrt(n) ? (away > 0 ? 1 : -1) : 0;
        if (out == 0 || (side != 0 && out != side))
            break;
        side = out;
        since = t->first_ms + i * t->width_ms;
    }
    return since;
}
