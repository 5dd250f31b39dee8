// SPDX-License-Identifier: Apache-2.0
/* How far apart two lists of counts are, category by category or bin by bin: p = reference / its sum, q = current / its
 * sum. Both sums are above 0. Accurate to some eps; pure.
 *
 *     psi     nats     sum((q - p) ln(q / p)), population stability index. To each p and q 1 / (2 min(n, m)) is added
 *                      before, half a count of the smaller side, so that no empty bin makes it infinite and equal
 *                      shares make it 0. Chance alone makes it about (bins - 1) (1/n + 1/m) in the mean. Bankers say
 *                      that below 0.1 nothing happened and above 0.25 something did; Siddiqi, "Credit risk
 *                      scorecards", 2006
 *     js      0 to 1   sqrt of the Jensen-Shannon divergence in bits, a metric (Endres, Schindelin, 2003); as
 *                      scipy.spatial.distance.jensenshannon(p, q, base=2) has it
 *     linf    0 to 1   max |p - q|, the managed monitor's distance of categories
 */
#ifndef GD_MONITOR_DISTANCE_H
#define GD_MONITOR_DISTANCE_H

#ifdef __cplusplus
extern "C" {
#endif

double gd_distance_psi(int n, const double *reference, const double *current);
double gd_distance_js(int n, const double *reference, const double *current);
double gd_distance_linf(int n, const double *reference, const double *current);

/* The managed monitor's "Robust" of a "Simple" distance (of distribution functions, or linf): what is left of it after
 * 1.8 sqrt((n + m) / (n m)), which is a Kolmogorov-Smirnov test's threshold at p = 0.003; 0 at the least. */
double gd_distance_robust(double simple, double n, double m);

#ifdef __cplusplus
}
#endif
#endif
