// SPDX-License-Identifier: Apache-2.0
/* The page of a check: one HTML file that needs nothing else, for someone who owns the product and for someone who
 * looks after the model. Light and dark, wide and narrow; charts are SVG, pictures PNG within it.
 *
 *     verdict in words · what changed, since when, how sure, does it matter for accuracy
 *     confidence over time with the threshold · class mix over time · estimated accuracy with its band
 *     each column: two distributions, drift figures · the space of features, baseline against now
 *     pictures that drove the drift beside typical ones · data quality
 *
 * Below 200 KB without its pictures and 2 MB with them, whatever the window.
 */
#ifndef GD_REPORT_H
#define GD_REPORT_H

#include "base/text.h"
#include "monitor/verdict.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct gd_report {
    const gd_baseline *baseline;
    const gd_window *window;
    const gd_verdict *verdict;
    const char *title;          /* of the endpoint or the captures */
    double threshold;           /* of confidence; NaN: none */
    int64_t made_ms;            /* since 1970: when it was made */
    const char *complaints[12]; /* of lines, files and answers that could not be read, with places; ends with NULL */
} gd_report;

/* Appends the page. NOMEM. */
gd_status gd_report_print(const gd_report *report, gd_text *out, gd_error *error);

#ifdef __cplusplus
}
#endif
#endif
