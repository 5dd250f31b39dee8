// SPDX-License-Identifier: Apache-2.0
#include "kernel/grad_norm.h"

gd_status gd_grad_norm_update_prepare(const gd_problem *problem, int threads, gd_needs *needs, gd_error *error)
{
    (void)threads, (void)error;
    int64_t count = gd_desc_count(problem->desc[GRAD_NORM_DW]);
    needs->work_bytes = (size_t)((count + GD_GRAD_NORM_GRAIN - 1) / GD_GRAD_NORM_GRAIN) * sizeof(double);
    return GD_OK;
}
