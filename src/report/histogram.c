// SPDX-License-Identifier: Apache-2.0
#include "report/histogram.h"

#include "monitor/sample.h"

#include <math.h>

static const double tail = 0.005;

static void range_of(gd_histogram *h, const gd_sample sample[2], gd_column_kind kind)
{
    h->low = INFINITY;
    h->high = -INFINITY;
    for (int s = 0; s < 2; s++) {
        if (!h->has[s])
            continue;
        h->low = fmin(h->low, gd_sample_quantile(&sample[s], tail));
        h->high = fmax(h->high, gd_sample_quantile(&sample[s], 1 - tail));
    }
    h->n = GD_BINS;
    if (kind == GD_COLUMN_CIRCLE) {
        h->low = 0;
        h->high = 360;
        h->n = 36;
    } else if (kind == GD_COLUMN_WHOLE && h->high - h->low < GD_BINS - 2) {
        h->low = floor(h->low) - 0.5 - (h->low == h->high);
        h->high = ceil(h->high) + 0.5 + (h->high - h->low < 2);
        h->n = (int)lrint(h->high - h->low);
    } else {
        const double width = h->high - h->low;
        const double margin = width > 0 ? 0.03 * width : fmax(0.5 * fabs(h->low), 1e-3);
        h->low -= margin;
        h->high += margin;
    }
}

static void fill(const gd_histogram *h, const gd_sample *sample, double share[GD_BINS])
{
    const double width = (h->high - h->low) / h->n, all = (double)sample->moments.n;
    double before = gd_sample_rank_below(sample, h->low);
    for (int i = 0; i < h->n; i++) {
        const double upto =
            i + 1 < h->n ? gd_sample_rank_below(sample, h->low + (i + 1) * width) : gd_sample_rank(sample, h->high);
        share[i] = (upto - before) / all;
        before = upto;
    }
}

gd_status gd_histogram_of(const gd_sketch *reference, const gd_sketch *current, gd_column_kind kind, gd_histogram *h,
                          gd_error *error)
{
    const gd_sketch *sketch[2] = {reference, current};
    gd_sample sample[2] = {{0}, {0}};
    gd_status status = GD_OK;
    *h = (gd_histogram){.median = {NAN, NAN}};
    for (int s = 0; s < 2; s++) {
        h->has[s] = sketch[s] && sketch[s]->moments.n > 0;
        if (h->has[s])
            GD_TRY_TO(done, gd_sample_of_sketch(&sample[s], sketch[s], error));
    }
    if (!h->has[0] && !h->has[1])
        goto done;
    range_of(h, sample, kind);
    for (int s = 0; s < 2; s++)
        if (h->has[s]) {
            fill(h, &sample[s], h->share[s]);
            h->median[s] = kind == GD_COLUMN_CIRCLE ? gd_sample_circular_mean(&sample[s], 360)
                                                    : gd_sample_quantile(&sample[s], 0.5);
        }
done:
    gd_sample_release(&sample[0]);
    gd_sample_release(&sample[1]);
    return status;
}
