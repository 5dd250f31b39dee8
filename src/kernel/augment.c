// SPDX-License-Identifier: Apache-2.0
#include "kernel/augment.h"

/* Means and inverse deviations for every element of a row; a row of bytes for every image. */
gd_status gd_augment_fwd_prepare(const gd_problem *problem, int threads, gd_needs *needs, gd_error *error)
{
    (void)threads, (void)error;
    const gd_desc x = problem->desc[AUGMENT_X];
    needs->work_bytes = (size_t)(x.dim[2] * x.dim[3]) * (2 * sizeof(float) + (size_t)x.dim[0]);
    return GD_OK;
}
