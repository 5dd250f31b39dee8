// SPDX-License-Identifier: Apache-2.0
#include "kernel/activation.h"
#include "kernel/add.h"
#include "pointwise.cuh"

namespace
{

struct sum {
    bool relu;
    __device__ float operator()(float a, float b) const
    {
        float y = a + b;
        return relu && y < 0 ? 0 : y;
    }
};

struct gradient {
    bool relu;
    __device__ float operator()(float dy, float y) const { return !relu || y > 0 ? dy : 0; }
};

bool has_relu(const gd_call *call)
{
    return ((const gd_add_params *)call->problem->params)->activation == GD_ACTIVATION_RELU;
}

} // namespace

gd_status gd_add_fwd_simt(const gd_call *call, const gd_ctx *ctx)
{
    int64_t n = gd_desc_count(call->problem->desc[ADD_Y]);
    GD_WITH_TYPE(
        call->problem->type, T,
        return gd_pointwise<T>(ctx, call->at[ADD_A], call->at[ADD_B], call->at[ADD_Y], NULL, n, sum{has_relu(call)}));
}

gd_status gd_add_bwd_data_simt(const gd_call *call, const gd_ctx *ctx)
{
    bool relu = has_relu(call); /* without one y is not read */
    int64_t n = gd_desc_count(call->problem->desc[ADD_Y]);
    GD_WITH_TYPE(call->problem->type, T,
                 return gd_pointwise<T>(ctx, call->at[ADD_DY], relu ? call->at[ADD_Y] : NULL, call->at[ADD_DA],
                                        call->at[ADD_DB], n, gradient{relu}));
}
