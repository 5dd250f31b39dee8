// SPDX-License-Identifier: Apache-2.0
/* Where a model's pictures lie in the space of its features (gd_model_info.features): mean, covariance, principal
 * directions. Constant memory in the number of pictures, 8 d^2 bytes.
 *
 *     scatter      mean = sum x / n; products = sum (x - mean)(x - mean)^T, in blocks of rows that are merged
 *                  covariance = products / (n - 1)
 *     merging      with delta = mean_b - mean_a: mean = mean_a + delta n_b / n;
 *                  products = products_a + products_b + delta delta^T n_a n_b / n
 *                  (T. F. Chan, G. H. Golub, R. J. LeVeque, "Updating formulae and a pairwise algorithm for computing
 *                  sample variances", 1979)
 *     directions   eigenvectors of the covariance, by variance from the greatest down
 *     at           (x - mean) . direction: coordinates, in the features' own unit; the first two make a map
 *
 * Accuracy: means and covariances to 1e-12 of the deviations of their columns, also where those are a millionth of the
 * mean. The same rows in the same calls give the same bits; other partings agree to rounding. A row that holds what is
 * not finite is left out and counted.
 */
#ifndef GD_MONITOR_FEATURES_H
#define GD_MONITOR_FEATURES_H

#include "base/status.h"

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { GD_FEATURES_MOST = 4096 }; /* of a picture */

typedef struct gd_scatter {
    int dims;
    int64_t n, skipped; /* rows that count; rows that were not finite */
    double *mean;       /* (dims) */
    double *products;   /* (dims,dims), on and above the diagonal */
    double *block;      /* scratch */
} gd_scatter;

/* Owned by the caller until released. INVALID for dims outside 1 to GD_FEATURES_MOST; NOMEM. */
gd_status gd_scatter_init(gd_scatter *scatter, int dims, gd_error *error);
void gd_scatter_release(gd_scatter *scatter); /* accepts {0} */

/* rows (n,dims). */
void gd_scatter_add(gd_scatter *scatter, const float *rows, int64_t n);

/* As if `more`'s rows had been added to `scatter`, too. Both have the same dims. */
void gd_scatter_merge(gd_scatter *scatter, const gd_scatter *more);

/* covariance (dims,dims), both triangles; NaN for fewer than two rows. */
void gd_scatter_covariance(const gd_scatter *scatter, double *covariance);

typedef struct gd_directions {
    int dims;
    double *mean;     /* (dims) */
    double *variance; /* (dims), from the greatest down, none below 0 */
    double *vector;   /* (dims,dims): row k is the direction of variance[k] */
} gd_directions;

/* Owned by the caller until released. INVALID for fewer than two rows; NOMEM. */
gd_status gd_directions_init(gd_directions *directions, const gd_scatter *scatter, gd_error *error);
void gd_directions_release(gd_directions *directions); /* accepts {0} */

/* Whether all of a row's n numbers are. */
bool gd_features_finite(const float *row, int n);

/* The first n coordinates of a row (dims): at (n). */
void gd_features_project(const gd_directions *directions, const float *row, int n, double *at);

#ifdef __cplusplus
}
#endif
#endif
