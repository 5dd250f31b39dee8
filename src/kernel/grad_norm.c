// SPDX-License-Identifier: Apache-2.0
#include "kernel/grad_norm.h"

#include <math.h>

gd_status gd_grad_norm_update_prepare(const gd_problem *problem, int threads, gd_needs *needs, gd_error *error)
{
    (void)threads, (void)error;
    int64_t count = gd_desc_count(problem->desc[GRAD_NORM_DW]);
    needs->work_bytes = (size_t)((count + GD_GRAD_NORM_GRAIN - 1) / GD_GRAD_NORM_GRAIN) * sizeof(double);
    return GD_OK;
}

void gd_grad_norm_decide(const gd_problem *problem, double sum_of_squares, gd_tally *tally)
{
    const gd_grad_norm_params *p = problem->params;
    const double loss_scale = (double)tally->loss_scale;
    const double norm = sqrt(sum_of_squares) / loss_scale, clip = p->clip / (norm + 1e-6);
    tally->gradient_norm = (float)norm;
    tally->skip = !isfinite(tally->gradient_norm);
    tally->not_finite += tally->skip;
    tally->gradient_scale = (float)((p->clip > 0 && clip < 1 ? clip : 1) / loss_scale);
    if (p->growth == 0)
        return;
    tally->good = tally->skip ? 0 : tally->good + 1;
    if (tally->skip) {
        tally->loss_scale = fmaxf(tally->loss_scale / 2, GD_LOSS_SCALE_LEAST);
    } else if (tally->good == p->growth) {
        tally->loss_scale = fminf(tally->loss_scale * 2, GD_LOSS_SCALE_MOST);
        tally->good = 0;
    }
}
