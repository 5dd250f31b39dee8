// SPDX-License-Identifier: Apache-2.0
#include "base/parallel.h"
#include "kernel/add.h"
#include "kernel/variant.h"

#include <string.h>

enum { GRAIN = 32768 };

/* The same gradient for both summands: computed once, copied while it is in the cache. */
static void backward(void *argument, int64_t begin, int64_t end)
{
    const gd_call *call = argument;
    const gd_add_params *p = call->problem->params;
    const store_t *y = call->at[ADD_Y], *dy = call->at[ADD_DY];
    store_t *da = call->at[ADD_DA], *db = call->at[ADD_DB];
    store_t *first = da ? da : db;
    size_t bytes = (size_t)(end - begin) * sizeof *dy;
    if (p->activation == GD_ACTIVATION_RELU) {
        for (int64_t i = begin; i < end; i++)
            first[i] = keep(dy[i], load(y[i]) > 0);
    } else if (first != dy) {
        memcpy(first + begin, dy + begin, bytes);
    }
    if (db && first != db)
        memcpy(db + begin, first + begin, bytes);
}

gd_status GD_NAME(gd_add_bwd_data)(const gd_call *call, const gd_ctx *ctx)
{
    gd_parallel_for(ctx->threads, gd_desc_count(call->problem->desc[ADD_Y]), GRAIN, backward, (void *)call);
    return GD_OK;
}
