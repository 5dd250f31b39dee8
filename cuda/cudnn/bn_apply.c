// SPDX-License-Identifier: Apache-2.0
/* bn_apply by cuDNN, with running statistics: evaluation and inference. Training normalises groups of images by
 * statistics that another step has computed and a third has reduced; cuDNN computes, applies and forgets them in one
 * call over the whole batch, so training's batch norm is ours alone. */
#include "kernel/bn_apply.h"

#include "cudnn/state.h"

enum { X, CHANNELS };

const char *gd_bn_apply_fwd_cudnn_accepts(const gd_problem *problem)
{
    return problem->desc[BN_APPLY_STATS].rank ? "has no call for statistics of groups" : NULL;
}

static gd_status prepare(const gd_problem *problem, gd_needs *needs, gd_error *error)
{
    const gd_bn_apply_params *p = problem->params;
    const gd_desc x = problem->desc[BN_APPLY_X];
    const int64_t N = x.dim[0], C = x.dim[x.rank - 1], H = x.rank == 4 ? x.dim[1] : 1, W = x.rank == 4 ? x.dim[2] : 1;
    gd_cudnn_state *s;
    GD_TRY(gd_cudnn_state_new(needs, &s, error));
    GD_TRY(gd_cudnn_image(s, X, problem->type, N, H, W, C, error));
    GD_TRY(gd_cudnn_image(s, CHANNELS, GD_F32, 1, 1, 1, C, error));
    return p->activation == GD_ACTIVATION_RELU ? gd_cudnn_activation(s, CUDNN_ACTIVATION_RELU, error) : GD_OK;
}

gd_status gd_bn_apply_fwd_cudnn_prepare(const gd_problem *problem, int threads, gd_needs *needs, gd_error *error)
{
    (void)threads;
    return gd_cudnn_prepared(needs, prepare(problem, needs, error));
}

/* The result is added to the residual, which is what is in y before. */
static gd_status run(cudnnHandle_t handle, const gd_call *call, const gd_ctx *ctx)
{
    const gd_problem *problem = call->problem;
    const gd_bn_apply_params *p = problem->params;
    const gd_cudnn_state *s = call->state;
    const float *mean = call->at[BN_APPLY_RUNNING], *variance = mean + problem->desc[BN_APPLY_RUNNING].dim[1];
    const void *residual = call->at[BN_APPLY_RESIDUAL];
    const gd_desc desc = problem->desc[BN_APPLY_Y];
    void *y = call->at[BN_APPLY_Y];
    if (residual &&
        cudaMemcpyAsync(y, residual, gd_desc_bytes(desc), cudaMemcpyDeviceToDevice, ctx->stream) != cudaSuccess)
        return GD_DEVICE;
    GD_CUDNN_TRY(gd_cudnn.cudnnBatchNormalizationForwardInference(
        handle, CUDNN_BATCHNORM_SPATIAL, &gd_cudnn_one, residual ? &gd_cudnn_one : &gd_cudnn_zero, s->image[X],
        call->at[BN_APPLY_X], s->image[X], y, s->image[CHANNELS], call->at[BN_APPLY_GAMMA], call->at[BN_APPLY_BETA],
        mean, variance, p->epsilon));
    if (s->activation)
        GD_CUDNN_TRY(gd_cudnn.cudnnActivationForward(handle, s->activation, &gd_cudnn_one, s->image[X], y,
                                                     &gd_cudnn_zero, s->image[X], y));
    return GD_OK;
}

gd_status gd_bn_apply_fwd_cudnn(const gd_call *call, const gd_ctx *ctx) { return gd_cudnn_run(call, ctx, run); }
