// SPDX-License-Identifier: Apache-2.0
/* How a column of now differs from the reference's. F, G: the distribution functions of reference and current, of n and
 * m numbers; absent ones take no part.
 *
 *     figure       unit         formula
 *     ks           share        D = max |F - G|; what the managed monitor calls "Simple"
 *     robust       share        what the managed monitor calls "Robust" (distance.h)
 *     anderson     1 by chance  A^2 (anderson.h); NaN of a column on a circle
 *     kuiper       share        V = max(F - G) + max(G - F), the same wherever the circle is cut; NaN of a plain column
 *     p            probability  that chance alone puts samples of one distribution as far apart, by A^2, or of columns
 *                               on a circle by V in the limit
 *     psi, js      distance.h   over bins between the reference's nine deciles, where a number that fills more than a
 *                               decile has a bin of its own: a constant has three, below it, it, and above
 *     wasserstein  deviations   integral |F - G| dx / the reference's deviation; infinite where the reference is one
 *                               number and current is not, 0 where both are that one
 *
 * Of a sketch, all figures are off by what its ranks are (sketch.h); p is that of gaps less what both sketches may be
 * off by at GD_SAMPLE_CHANCE, plus that chance: so p is never too small, and what it no longer sees is the change that
 * a sketch is too coarse for (a gap of 0.004 for a million numbers on either side).
 *
 * A circle (hue, 0 to 360 degrees) has no ends, and where it is cut matters to all figures but Kuiper's. It is cut
 * opposite to the reference's circular mean, where there is least, and then is a line. */
#ifndef GD_MONITOR_COMPARE_H
#define GD_MONITOR_COMPARE_H

#include "monitor/sample.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct gd_comparison {
    double ks, robust, anderson, kuiper, p, psi, js, wasserstein;
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
