// SPDX-License-Identifier: Apache-2.0
#include "kernel/add.h"
#include "kernel/variant.h"

gd_status GD_NAME(gd_add_bwd_data)(const gd_call *call, const gd_ctx *ctx)
{
    (void)ctx;
    const gd_add_params *p = call->problem->params;
    const store_t *y = call->at[ADD_Y], *dy = call->at[ADD_DY];
    store_t *da = call->at[ADD_DA], *db = call->at[ADD_DB];
    int64_t count = gd_desc_count(call->problem->desc[ADD_Y]);
    for (int64_t i = 0; i < count; i++) {
        store_t g = p->activation == GD_ACTIVATION_NONE || load(y[i]) > 0 ? dy[i] : store(0);
        if (da)
            da[i] = g;
        if (db)
            db[i] = g;
    }
    return GD_OK;
}
