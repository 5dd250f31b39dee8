// SPDX-License-Identifier: Apache-2.0
/* A = V^T diag(value) V of a symmetric matrix: small ones, up to a thousand or so, without LAPACK.
 *
 * Householder's reflections make A tridiagonal, implicit QR steps with Wilkinson's shift make that diagonal (G. H.
 * Golub, C. F. Van Loan, Matrix Computations, 4th ed., 8.3). About 9 n^3 floating-point operations: 3 ms for n = 128,
 * 0.2 s for n = 512 on one core of a Zen 5 server.
 */
#ifndef GD_MONITOR_EIGEN_H
#define GD_MONITOR_EIGEN_H

#include "base/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* `matrix` (n,n), of which the part on and above the diagonal is read, becomes V: row k is the unit vector of value[k],
 * its component of greatest magnitude positive, so that equal matrices give equal signs. Values from the greatest down.
 *
 * Accuracy, normwise: |A - V^T diag(value) V| and each value within n * 1e-15 of the greatest magnitude among the
 * values, |V V^T - 1| < n * 1e-15. Vectors of values that are closer than that are any basis of their space. NUMERIC
 * where A holds what is not finite; NOMEM. */
gd_status gd_symmetric_eigen(int n, double *matrix, double *value, gd_error *error);

#ifdef __cplusplus
}
#endif
#endif
