// SPDX-License-Identifier: Apache-2.0
#include "serve/histogram.h"

#include <inttypes.h>

/* Preferred numbers: the series R10 of ISO 3, with 315 and 630 as in its rounded form. */
#define DECADE(unit)                                                                                                   \
    100 * (unit), 125 * (unit), 160 * (unit), 200 * (unit), 250 * (unit), 315 * (unit), 400 * (unit), 500 * (unit),    \
        630 * (unit), 800 * (unit)
#define S UINT64_C(1000000000)

const gd_histogram_scale gd_scale_seconds = {
    .n = 66,
    .decimals = 9,
    .bound = {20000,
              25000,
              31500,
              40000,
              50000,
              63000,
              80000,
              DECADE(S / 1000000),
              DECADE(S / 100000),
              DECADE(S / 10000),
              DECADE(S / 1000),
              DECADE(S / 100),
              10 * S,
              S * 25 / 2,
              16 * S,
              20 * S,
              25 * S,
              S * 63 / 2,
              40 * S,
              50 * S,
              63 * S},
};

const gd_histogram_scale gd_scale_ratio = {
    .n = 10,
    .decimals = 6,
    .bound = {100000, 200000, 300000, 400000, 500000, 600000, 700000, 800000, 900000, 1000000},
};

const gd_histogram_scale gd_scale_pictures = {.n = 9, .decimals = 0, .bound = {1, 2, 4, 8, 16, 32, 64, 128, 256}};

static int bucket_of(const gd_histogram_scale *scale, uint64_t value)
{
    int low = 0;
    for (int high = scale->n; low < high;) {
        const int middle = (low + high) / 2;
        if (scale->bound[middle] < value)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

void gd_histogram_add(gd_histogram *histogram, const gd_histogram_scale *scale, uint64_t value)
{
    atomic_fetch_add_explicit(&histogram->bucket[bucket_of(scale, value)], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&histogram->sum, value, memory_order_relaxed);
}

static uint64_t power_of_ten(int n)
{
    uint64_t power = 1;
    for (; n > 0; n--)
        power *= 10;
    return power;
}

void gd_histogram_write(gd_histogram *histogram, const gd_histogram_scale *scale, const char *name, const char *labels,
                        gd_text *text)
{
    const uint64_t one = power_of_ten(scale->decimals);
    uint64_t count = 0;
    for (int i = 0; i <= scale->n; i++) {
        count += atomic_load_explicit(&histogram->bucket[i], memory_order_relaxed);
        gd_text_add(text, "%s_bucket{%s,le=\"", name, labels);
        if (i < scale->n)
            gd_text_add(text, "%g\"} %" PRIu64 "\n", (double)scale->bound[i] / (double)one, count);
        else
            gd_text_add(text, "+Inf\"} %" PRIu64 "\n", count);
    }
    const uint64_t sum = atomic_load_explicit(&histogram->sum, memory_order_relaxed);
    gd_text_add(text, "%s_sum{%s} %" PRIu64, name, labels, sum / one);
    if (scale->decimals > 0)
        gd_text_add(text, ".%0*" PRIu64, scale->decimals, sum % one);
    gd_text_add(text, "\n%s_count{%s} %" PRIu64 "\n", name, labels, count);
}
