// SPDX-License-Identifier: Apache-2.0
/* linear is conv2d by a window of one pixel over images of one pixel: x (N,1,1,C), w (K,1,1,C). Its operands have the
 * same numbers. */
#include "kernel/conv2d.h"
#include "kernel/linear.h"

namespace
{

static_assert((int)LINEAR_X == CONV2D_X && (int)LINEAR_W == CONV2D_W && (int)LINEAR_B == CONV2D_B &&
                  (int)LINEAR_Y == CONV2D_Y && (int)LINEAR_DX == CONV2D_DX && (int)LINEAR_DW == CONV2D_DW &&
                  (int)LINEAR_DB == CONV2D_DB && (int)LINEAR_DY == CONV2D_DY,
              "a call of linear is one of conv2d");

gd_desc as_image(gd_desc desc) { return desc.rank == 2 ? gd_desc_4(desc.type, desc.dim[0], 1, 1, desc.dim[1]) : desc; }

/* `params` has to live as long. */
gd_problem as_conv2d(const gd_problem *problem, gd_conv2d_params *params)
{
    const gd_linear_params *p = (const gd_linear_params *)problem->params;
    gd_problem conv2d = *problem;
    *params = gd_conv2d_params{};
    params->filters = p->features;
    params->kernel = params->stride = params->dilation = params->groups = 1;
    params->bias = p->bias;
    params->activation = p->activation;
    conv2d.params = params;
    for (int i = 0; i < GD_OPERANDS; i++)
        conv2d.desc[i] = as_image(conv2d.desc[i]);
    return conv2d;
}

gd_status run(gd_status (*as)(const gd_call *, const gd_ctx *), const gd_call *call, const gd_ctx *ctx)
{
    gd_conv2d_params params;
    const gd_problem conv2d = as_conv2d(call->problem, &params);
    gd_call same = *call;
    same.problem = &conv2d;
    return as(&same, ctx);
}

} // namespace

#define PREPARE(direction)                                                                                             \
    gd_status gd_linear_##direction##_simt_prepare(const gd_problem *problem, int threads, gd_needs *needs,            \
                                                   gd_error *error)                                                    \
    {                                                                                                                  \
        gd_conv2d_params params;                                                                                       \
        const gd_problem conv2d = as_conv2d(problem, &params);                                                         \
        return gd_conv2d_##direction##_simt_prepare(&conv2d, threads, needs, error);                                   \
    }
PREPARE(fwd)
PREPARE(bwd_data)
PREPARE(bwd_weight)

gd_status gd_linear_fwd_simt(const gd_call *call, const gd_ctx *ctx) { return run(gd_conv2d_fwd_simt, call, ctx); }

gd_status gd_linear_bwd_data_simt(const gd_call *call, const gd_ctx *ctx)
{
    return run(gd_conv2d_bwd_data_simt, call, ctx);
}

gd_status gd_linear_bwd_weight_simt(const gd_call *call, const gd_ctx *ctx)
{
    return run(gd_conv2d_bwd_weight_simt, call, ctx);
}
