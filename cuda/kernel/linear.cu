// SPDX-License-Identifier: Apache-2.0
#include "conv2d_simt.cuh"
#include "kernel/linear.h"

static gd_conv_shape shape_of(const gd_problem *problem)
{
    const gd_linear_sizes z = gd_linear_sizes_of(problem);
    int N = (int)z.N, C = (int)z.C, K = (int)z.K;
    return gd_conv_shape{N, 1, 1, C, K, 1, 1, 1, 1, 1, 0, 1, 1, C, K};
}

static gd_conv_operands operands_of(const gd_call *call)
{
    const gd_linear_params *p = (const gd_linear_params *)call->problem->params;
    return gd_conv_operands{call->at[LINEAR_X],
                            NULL,
                            call->at[LINEAR_DY],
                            (const float *)call->at[LINEAR_W],
                            (const float *)call->at[LINEAR_B],
                            call->at[LINEAR_Y],
                            call->at[LINEAR_DX],
                            call->at[GD_WORK],
                            (float *)call->at[LINEAR_DW],
                            (float *)call->at[LINEAR_DB],
                            p->activation == GD_ACTIVATION_RELU};
}

gd_status gd_linear_fwd_simt(const gd_call *call, const gd_ctx *ctx)
{
    GD_WITH_TYPE(call->problem->type, T, return gd_conv_simt_fwd<T>(ctx, shape_of(call->problem), operands_of(call)));
}

gd_status gd_linear_bwd_data_simt(const gd_call *call, const gd_ctx *ctx)
{
    GD_WITH_TYPE(call->problem->type, T,
                 return gd_conv_simt_bwd_data<T>(ctx, shape_of(call->problem), operands_of(call)));
}

gd_status gd_linear_bwd_weight_simt_prepare(const gd_problem *problem, int, gd_needs *needs, gd_error *)
{
    const gd_conv_shape z = shape_of(problem);
    needs->work_bytes = gd_conv_work(z, gd_conv_simt_pieces(z), problem->desc[LINEAR_DB].rank > 0);
    return GD_OK;
}

gd_status gd_linear_bwd_weight_simt(const gd_call *call, const gd_ctx *ctx)
{
    GD_WITH_TYPE(call->problem->type, T,
                 return gd_conv_simt_bwd_weight<T>(ctx, shape_of(call->problem), operands_of(call)));
}
