// SPDX-License-Identifier: Apache-2.0
/* softmax by cuDNN: an instance is a row. There is no place for a temperature. */
#include "kernel/softmax.h"

#include "cudnn/state.h"

enum { ROWS };

const char *gd_softmax_fwd_cudnn_accepts(const gd_problem *problem)
{
    return ((const gd_softmax_params *)problem->params)->temperature == 1 ? NULL : "knows no temperature but 1";
}

static gd_status prepare(const gd_problem *problem, gd_needs *needs, gd_error *error)
{
    const int64_t *dim = problem->desc[SOFTMAX_X].dim;
    gd_cudnn_state *s;
    GD_TRY(gd_cudnn_state_new(needs, &s, error));
    return gd_cudnn_image(s, ROWS, problem->type, dim[0], 1, 1, dim[1], error);
}

gd_status gd_softmax_fwd_cudnn_prepare(const gd_problem *problem, int threads, gd_needs *needs, gd_error *error)
{
    (void)threads;
    return gd_cudnn_prepared(needs, prepare(problem, needs, error));
}

static gd_status run(cudnnHandle_t handle, const gd_call *call, const gd_ctx *ctx)
{
    const gd_cudnn_state *s = call->state;
    (void)ctx;
    GD_CUDNN_TRY(gd_cudnn.cudnnSoftmaxForward(handle, CUDNN_SOFTMAX_ACCURATE, CUDNN_SOFTMAX_MODE_INSTANCE,
                                              &gd_cudnn_one, s->image[ROWS], call->at[SOFTMAX_X], &gd_cudnn_zero,
                                              s->image[ROWS], call->at[SOFTMAX_Y]));
    return GD_OK;
}

gd_status gd_softmax_fwd_cudnn(const gd_call *call, const gd_ctx *ctx) { return gd_cudnn_run(call, ctx, run); }
