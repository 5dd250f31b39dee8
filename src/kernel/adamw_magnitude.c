// SPDX-License-Identifier: Apache-2.0
#include "kernel/adamw.h"

gd_status gd_adamw_update_magnitude(const gd_call *call, const gd_ctx *ctx)
{
    const gd_adamw_params *p = call->problem->params;
    const gd_adamw_factors f = gd_adamw_factors_of(p, ctx);
    const double *dw = call->at[ADAMW_DW];
    double *w = call->at[ADAMW_W], *m = call->at[ADAMW_M], *v = call->at[ADAMW_V];
    for (int64_t i = 0; i < gd_desc_count(call->problem->desc[ADAMW_W]); i++) {
        double g = f.scale * fabs(dw[i]);
        m[i] = p->beta1 * fabs(m[i]) + (1 - p->beta1) * g;
        v[i] = p->beta2 * v[i] + (1 - p->beta2) * g * g;
        w[i] = fabs(w[i]) + f.length * m[i] / (sqrt(v[i]) / f.root + p->epsilon);
    }
    return GD_OK;
}
