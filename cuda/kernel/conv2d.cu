// SPDX-License-Identifier: Apache-2.0
#include "conv2d_simt.cuh"

static gd_conv_operands operands_of(const gd_call *call)
{
    const gd_conv2d_params *p = (const gd_conv2d_params *)call->problem->params;
    return gd_conv_operands{call->at[CONV2D_X],
                            call->at[CONV2D_RESIDUAL],
                            call->at[CONV2D_DY],
                            (const float *)call->at[CONV2D_W],
                            (const float *)call->at[CONV2D_B],
                            call->at[CONV2D_Y],
                            call->at[CONV2D_DX],
                            call->at[GD_WORK],
                            (float *)call->at[CONV2D_DW],
                            (float *)call->at[CONV2D_DB],
                            p->activation == GD_ACTIVATION_RELU};
}

gd_status gd_conv2d_fwd_simt(const gd_call *call, const gd_ctx *ctx)
{
    GD_WITH_TYPE(call->problem->type, T,
                 return gd_conv_simt_fwd<T>(ctx, gd_conv_shape_of(call->problem), operands_of(call)));
}

gd_status gd_conv2d_bwd_data_simt(const gd_call *call, const gd_ctx *ctx)
{
    GD_WITH_TYPE(call->problem->type, T,
                 return gd_conv_simt_bwd_data<T>(ctx, gd_conv_shape_of(call->problem), operands_of(call)));
}

gd_status gd_conv2d_bwd_weight_simt_prepare(const gd_problem *problem, int, gd_needs *needs, gd_error *)
{
    const gd_conv_shape z = gd_conv_shape_of(problem);
    needs->work_bytes = gd_conv_work(z, gd_conv_simt_pieces(z), problem->desc[CONV2D_DB].rank > 0);
    return GD_OK;
}

gd_status gd_conv2d_bwd_weight_simt(const gd_call *call, const gd_ctx *ctx)
{
    GD_WITH_TYPE(call->problem->type, T,
                 return gd_conv_simt_bwd_weight<T>(ctx, gd_conv_shape_of(call->problem), operands_of(call)));
}
