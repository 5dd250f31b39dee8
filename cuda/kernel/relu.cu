// SPDX-License-Identifier: Apache-2.0
#include "kernel/relu.h"
#include "pointwise.cuh"

namespace
{

struct positive_part {
    __device__ float operator()(float x, float) const { return x < 0 ? 0 : x; } /* NaN passes */
};

struct gradient {
    __device__ float operator()(float y, float dy) const { return y > 0 ? dy : 0; }
};

} // namespace

gd_status gd_relu_fwd_simt(const gd_call *call, const gd_ctx *ctx)
{
    int64_t n = gd_desc_count(call->problem->desc[RELU_X]);
    GD_WITH_TYPE(call->problem->type, T,
                 return gd_pointwise<T>(ctx, call->at[RELU_X], NULL, call->at[RELU_Y], NULL, n, positive_part()));
}

gd_status gd_relu_bwd_data_simt(const gd_call *call, const gd_ctx *ctx)
{
    int64_t n = gd_desc_count(call->problem->desc[RELU_X]);
    GD_WITH_TYPE(
        call->problem->type, T,
        return gd_pointwise<T>(ctx, call->at[RELU_Y], call->at[RELU_DY], call->at[RELU_DX], NULL, n, gradient()));
}
