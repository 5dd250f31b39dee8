// SPDX-License-Identifier: Apache-2.0
/* Do two lists of counts come from one mix? Pearson's chi-square of the table of two rows,
 *
 *     statistic = sum over both rows of (count - expected)^2 / expected,      expected = row * column / all
 *
 * which has about the distribution of that name as long as no expected count is small. The rule for that is Cochran's
 * (1954), 5 at least; but for the tails that an alarm is read off it is too kind: where 5 are expected, 15 come 20
 * times as often as the normal distribution says. So:
 *
 *   1. Categories of which less than 1 is expected in the smaller row are one category: many rare ones would drown the
 *      others. (Which they are only the columns' sums decide, so that what follows stays exact.)
 *   2. Where at least 100 are expected of each, or p is above 0.1 anyhow, p is of the distribution.
 *   3. Else tables with the same sums are drawn, and p is the share that is as far out, this table among them (Hope,
 *      1968), until 50 were, 20,000 at most (Besag, Clifford, 1991); fewer where there are more than 200 categories.
 *   4. Where none of them was, p is 1 / (1 + draws), or, if that is less, the exact chance that some category's
 *      count is as far out as the one here farthest: its hypergeometric tail, twice, times the categories, none of
 *      them pooled.
 *      That p is valid whatever is asked of it: down to 1 / (1 + draws) the draws hold, below it Bonferroni does. It is
 *      also p where all categories are rare, so that there is one and no chi-square.
 *
 * The draws are the same for the same counts. Some ms where there is drift, some us where there is none. */
#ifndef GD_MONITOR_CHI_SQUARE_H
#define GD_MONITOR_CHI_SQUARE_H

#include "base/status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum gd_chi_square_how { GD_CHI_SQUARE_LIMIT, GD_CHI_SQUARE_DRAWN, GD_CHI_SQUARE_FARTHEST } gd_chi_square_how;

typedef struct gd_chi_square {
    double statistic, p;
    int freedom; /* categories that are left, less 1 */
    gd_chi_square_how how;
} gd_chi_square;

/* Counts are whole, up to 2^53 in all; both sums are above 0. NOMEM. */
gd_status gd_chi_square_test(int n, const double *reference, const double *current, gd_chi_square *test,
                             gd_error *error);

#ifdef __cplusplus
}
#endif
#endif
