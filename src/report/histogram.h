// SPDX-License-Identifier: Apache-2.0
/* How the numbers of a reference and of now lie beside each other: shares in bins over the range that both have in
 * common,
 *
 *     numbers   GD_BINS of equal width, from the least of both 0.5% quantiles to the greatest of both 99.5% ones
 *     whole     as many as there are whole numbers in that range, if they are no more; each number is in the middle
 *     circle    36 of 10 degrees
 */
#ifndef GD_REPORT_HISTOGRAM_H
#define GD_REPORT_HISTOGRAM_H

#include "monitor/profile.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { GD_BINS = 40 };

typedef struct gd_histogram {
    int n;
    double low, high;
    bool has[2];              /* reference, current: any numbers */
    double share[2][GD_BINS]; /* of the numbers that are there */
    double median[2];         /* NaN: none */
} gd_histogram;

/* Either may be NULL. NOMEM. */
gd_status gd_histogram_of(const gd_sketch *reference, const gd_sketch *current, gd_column_kind kind,
                          gd_histogram *histogram, gd_error *error);

#ifdef __cplusplus
}
#endif
#endif
