// SPDX-License-Identifier: Apache-2.0
/* How a column of now differs from the reference's. F, G: the distribution functions of reference and current, of n and
 * m numbers; absent ones take no part.
 *
 *     figure       unit         formula
 *     ks           share        D = max |F - G|; what the managed monitor calls "Simple"
 *     robust       share        what the managed monitor calls "Robust" (distance.h)
 *     p            probability  that chance alone puts samples of one distribution as far apart: Smirnov's test, exact
 *                               where that takes up to some ms (n = m = 10,000, or 100 and 500,000), else in the limit
 *                               (smirnov.h). Of columns on a circle: Kuiper's test, in the limit
 *     kuiper       share        V = max(F - G) + max(G - F), the same wherever the circle is cut; NaN of a plain column
 *     psi, js      distance.h   over bins between the reference's nine deciles, where a number that fills more than a
 *                               decile has a bin of its own: a constant has three, below it, it, and above
 *     wasserstein  deviations   integral |F - G| dx / the reference's deviation; infinite where the reference is one
 *                               number and current is not, 0 where both are that one
 *
 * Of a sketch, all figures are off by what its ranks are (sketch.h); p is that of D less what both sketches may be off
 * by at GD_SAMPLE_CHANCE, plus that chance: so p is never too small, and what it no longer sees is the change that a
 * sketch is too coarse for (D of 0.004 for a million numbers on either side).
 *
 * A circle (hue, 0 to 360 degrees) has no ends, and where it is cut matters to all figures but Kuiper's. It is cut
 * opposite to the reference's circular mean, where there is least, and then is a line. */
#ifndef GD_MONITOR_COMPARE_H
#define GD_MONITOR_COMPARE_H

#include "monitor/sample.h"

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct gd_comparison {
    double ks, robust, p, kuiper, psi, js, wasserstein;
    bool exact; /* p is, for the numbers as they are */
} gd_comparison;

/* All NaN where either side has no number: not comparable. Borrows the samples; pure but for its memory: NOMEM, and
 * INVALID from a circle's numbers beyond it. */
gd_status gd_sample_compare(const gd_sample *reference, const gd_sample *current, gd_comparison *comparison,
                            gd_error *error);
gd_status gd_sample_compare_circular(const gd_sample *reference, const gd_sample *current, double period,
                                     gd_comparison *comparison, gd_error *error);

#ifdef __cplusplus
}
#endif
#endif
