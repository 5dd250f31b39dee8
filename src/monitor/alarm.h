// SPDX-License-Identifier: Apache-2.0
/* From p-values to alarms that come as seldom as was promised. Pure. */
#ifndef GD_MONITOR_ALARM_H
#define GD_MONITOR_ALARM_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A single check is not surer than this, however seldom it is made. */
#define GD_ALARM_LEVEL_MAX 0.05

/* The chance of a false alarm that each of so many checks a month may have, if so many false alarms a month are wanted
 * on average: alarms / checks, whether checks depend on each other or not. */
double gd_alarm_level(double alarms_per_month, double checks_per_month);

/* Holm, "A simple sequentially rejective multiple test procedure", 1979: p-values of tests that may depend on each
 * other in any way → adjusted ones, such that those at or below a level hold one or more false ones with at most that
 * chance. The i-th smallest of n becomes the greatest of (n - j + 1) p_j, j <= i, 1 at the most. NaN, no test, stays
 * NaN and is not one of the n. Not in place. */
void gd_holm(double *adjusted, const double *p, int n);

/* The smallest window that could reject at a level against n numbers of a reference, if it were as unlike it as can be;
 * 0 where none could, as the reference is too small. C = (n + m choose n). A smaller window can say nothing, and not
 * that nothing changed; what a larger one can see, gd_anderson_seen tells.
 *
 *     ranks       any test by ranks: p = 2 / C, where the window lies all on one side
 *     anderson    the same window by Anderson's and Darling's test (anderson.h)
 *     kuiper      its limit at V = 1
 *     chi_square  a window all of something new, among so many categories: 2 categories / C */
uint64_t gd_ranks_smallest(double level, uint64_t reference);
uint64_t gd_anderson_smallest(double level, uint64_t reference);
uint64_t gd_kuiper_smallest(double level, uint64_t reference);
uint64_t gd_chi_square_smallest(double level, uint64_t reference, int categories);

/* What a window can see: the least share of it that Anderson's and Darling's test would reject at a level, if that
 * share lay beyond all of the reference and the rest were like it, in the limit; INFINITY where not even all would do.
 */
double gd_anderson_seen(double level, double reference, double current);

#ifdef __cplusplus
}
#endif
#endif
