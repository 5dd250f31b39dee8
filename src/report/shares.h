// SPDX-License-Identifier: Apache-2.0
/* Shares of names, the baseline's beside the window's: rows of bars. */
#ifndef GD_REPORT_SHARES_H
#define GD_REPORT_SHARES_H

#include "report/page.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct gd_share {
    const char *name;        /* a stranger's; borrowed */
    double base, now;        /* 0 to 1; NaN: that side counted nothing */
    double truth, deviation; /* estimated share of a true class; NaN: none */
} gd_share;

/* Of all names that either table knows, those first whose share changed most, in the page's arena: how many. */
int gd_shares_of(gd_page *page, const gd_categories *base, const gd_categories *now, gd_share **shares);

void gd_shares_sort(gd_share *shares, int n);
double gd_share_in(const gd_categories *table, const char *name, size_t length); /* NaN: it counted nothing */

void gd_shares_print(gd_page *page, const gd_share *shares, int n);

#ifdef __cplusplus
}
#endif
#endif
