// SPDX-License-Identifier: Apache-2.0
#include "kernel/dropout.h"
#include "kernel/variant.h"

gd_status GD_NAME(gd_dropout_bwd_data)(const gd_call *call, const gd_ctx *ctx)
{
    const gd_dropout_params *p = call->problem->params;
    const gd_desc desc = call->problem->desc[DROPOUT_X];
    const store_t *dy = call->at[DROPOUT_DY];
    store_t *dx = call->at[DROPOUT_DX];
    int64_t length = gd_desc_count(desc) / desc.dim[0];
    real scale = (real)(1 / (1 - p->rate));
    for (int64_t i = 0; i < desc.dim[0] * length; i++) {
        int64_t e = i % length;
        gd_philox words = gd_dropout_words(ctx->record, p->key, ctx->record->first_sample + i / length, e / 4);
        dx[i] = store(gd_rng_unit(words.at[e % 4]) < (float)p->rate ? 0 : load(dy[i]) * scale);
    }
    return GD_OK;
}
