// SPDX-License-Identifier: Apache-2.0
#include "kernel/hard_swish.h"
#include "pointwise.cuh"

namespace
{

struct value {
    __device__ float operator()(float x, float) const
    {
        float gate = x + 3;
        gate = gate < 0 ? 0 : gate > 6 ? 6 : gate;
        return x * gate / 6;
    }
};

struct gradient {
    __device__ float operator()(float x, float dy) const
    {
        float slope = (2 * x + 3) / 6;
        return dy * (x <= -3 ? 0 : x >= 3 ? 1 : slope);
    }
};

} // namespace

gd_status gd_hard_swish_fwd_simt(const gd_call *call, const gd_ctx *ctx)
{
    int64_t n = gd_desc_count(call->problem->desc[HARD_SWISH_X]);
    GD_WITH_TYPE(call->problem->type, T,
                 return gd_pointwise<T>(ctx, call->at[HARD_SWISH_X], NULL, call->at[HARD_SWISH_Y], NULL, n, value()));
}

gd_status gd_hard_swish_bwd_data_simt(const gd_call *call, const gd_ctx *ctx)
{
    int64_t n = gd_desc_count(call->problem->desc[HARD_SWISH_X]);
    GD_WITH_TYPE(call->problem->type, T,
                 return gd_pointwise<T>(ctx, call->at[HARD_SWISH_X], call->at[HARD_SWISH_DY], call->at[HARD_SWISH_DX],
                                        NULL, n, gradient()));
}
