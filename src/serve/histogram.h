// SPDX-License-Identifier: Apache-2.0
/* A histogram that many threads count into without a lock, and its text for Prometheus.
 *
 * Values are whole numbers of a small unit (nanoseconds, millionths, pictures), so that sums are exact and adding is
 * one atomic instruction; the text has them as decimal fractions of `10^decimals` units. */
#ifndef GD_SERVE_HISTOGRAM_H
#define GD_SERVE_HISTOGRAM_H

#include "base/text.h"

#include <stdatomic.h>
#include <stdint.h>

enum { GD_HISTOGRAM_BOUNDS = 66 };

typedef struct gd_histogram_scale {
    int n, decimals;
    uint64_t
        bound[GD_HISTOGRAM_BOUNDS]; /* (n) ascending; a bucket holds the values up to its bound, that one included */
} gd_histogram_scale;

/* Nanoseconds, as seconds: 20 us to 63 s in preferred numbers, ten to a decade, each at most 1.28 times the one before;
 * 1, 10 and 100 ms are among them. */
extern const gd_histogram_scale gd_scale_seconds;
/* Millionths, as ratios: tenths. */
extern const gd_histogram_scale gd_scale_ratio;
/* Pictures of one batch: powers of two up to 256. */
extern const gd_histogram_scale gd_scale_pictures;

typedef struct gd_histogram {
    _Atomic uint64_t sum, bucket[GD_HISTOGRAM_BOUNDS + 1]; /* the last one: above every bound */
} gd_histogram;                                            /* {0} is empty */

void gd_histogram_add(gd_histogram *histogram, const gd_histogram_scale *scale, uint64_t value);

/* The lines name_bucket{labels,le="…"}, name_sum and name_count: the count is that of the buckets as they were read. */
void gd_histogram_write(gd_histogram *histogram, const gd_histogram_scale *scale, const char *name, const char *labels,
                        gd_text *text);

#endif
