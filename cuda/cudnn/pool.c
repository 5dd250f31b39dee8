// SPDX-License-Identifier: Apache-2.0
/* pool2d and global_pool by cuDNN: the average in both directions, the maximum where no backward follows. cuDNN finds a
 * maximum again from x and y, which the contracts do not keep; they keep where it was, which cuDNN does not say.
 * A global pool is one window as large as the image. */
#include "cudnn/state.h"
#include "kernel/global_pool.h"
#include "kernel/pool2d.h"

enum { X, Y };

/* A pool in cuDNN's terms. */
typedef struct window {
    int64_t N, H, W, C, P, Q;
    int height, width, stride_h, stride_w, pad;
    int kind; /* gd_pool */
} window;

static window window_of_pool2d(const gd_problem *problem)
{
    const gd_pool2d_params *p = problem->params;
    const gd_pool2d_sizes z = gd_pool2d_sizes_of(problem);
    return (window){z.N, z.H, z.W, z.C, z.P, z.Q, p->kernel, p->kernel, p->stride, p->stride, p->pad, p->kind};
}

static window window_of_global_pool(const gd_problem *problem)
{
    const gd_global_pool_params *p = problem->params;
    const int64_t *x = problem->desc[GLOBAL_POOL_X].dim;
    return (window){x[0], x[1], x[2], x[3], 1, 1, (int)x[1], (int)x[2], 1, 1, 0, p->kind};
}

static gd_status describe(window w, gd_type type, gd_needs *needs, gd_error *error)
{
    gd_cudnn_state *s;
    GD_TRY(gd_cudnn_state_new(needs, &s, error));
    GD_TRY(gd_cudnn_image(s, X, type, w.N, w.H, w.W, w.C, error));
    GD_TRY(gd_cudnn_image(s, Y, type, w.N, w.P, w.Q, w.C, error));
    GD_TRY(gd_cudnn_answer(gd_cudnn.cudnnCreatePoolingDescriptor(&s->pooling), "a descriptor", error));
    return gd_cudnn_answer(gd_cudnn.cudnnSetPooling2dDescriptor(
                               s->pooling,
                               w.kind == GD_POOL_MAX ? CUDNN_POOLING_MAX : CUDNN_POOLING_AVERAGE_COUNT_EXCLUDE_PADDING,
                               CUDNN_PROPAGATE_NAN, w.height, w.width, w.pad, w.pad, w.stride_h, w.stride_w),
                           "a window", error);
}

static gd_status prepare(window w, const gd_problem *problem, gd_needs *needs, gd_error *error)
{
    return gd_cudnn_prepared(needs, describe(w, problem->type, needs, error));
}

/* ---- runs: both ops number their operands alike ---- */
_Static_assert((int)POOL2D_X == (int)GLOBAL_POOL_X && (int)POOL2D_Y == (int)GLOBAL_POOL_Y &&
                   (int)POOL2D_DX == (int)GLOBAL_POOL_DX && (int)POOL2D_DY == (int)GLOBAL_POOL_DY,
               "operands of pools");

static gd_status forward(cudnnHandle_t handle, const gd_call *call, const gd_ctx *ctx)
{
    const gd_cudnn_state *s = call->state;
    (void)ctx;
    GD_CUDNN_TRY(gd_cudnn.cudnnPoolingForward(handle, s->pooling, &gd_cudnn_one, s->image[X], call->at[POOL2D_X],
                                              &gd_cudnn_zero, s->image[Y], call->at[POOL2D_Y]));
    return GD_OK;
}

/* An average's gradient hangs on dy alone: x and y are asked for and stand for nothing. */
static gd_status backward(cudnnHandle_t handle, const gd_call *call, const gd_ctx *ctx)
{
    const gd_cudnn_state *s = call->state;
    const void *dy = call->at[POOL2D_DY];
    void *dx = call->at[POOL2D_DX];
    (void)ctx;
    GD_CUDNN_TRY(gd_cudnn.cudnnPoolingBackward(handle, s->pooling, &gd_cudnn_one, s->image[Y], dy, s->image[Y], dy,
                                               s->image[X], dx, &gd_cudnn_zero, s->image[X], dx));
    return GD_OK;
}

static const char *refuses_forward(int kind, bool training)
{
    return kind == GD_POOL_MAX && training ? "leaves no argmax for backward" : NULL;
}

static const char *refuses_backward(int kind)
{
    return kind == GD_POOL_MAX ? "needs x and y, where the contract keeps argmax" : NULL;
}

/* ---- the entries ---- */

const char *gd_pool2d_fwd_cudnn_accepts(const gd_problem *problem)
{
    return refuses_forward(((const gd_pool2d_params *)problem->params)->kind, problem->training);
}

const char *gd_pool2d_bwd_data_cudnn_accepts(const gd_problem *problem)
{
    return refuses_backward(((const gd_pool2d_params *)problem->params)->kind);
}

const char *gd_global_pool_fwd_cudnn_accepts(const gd_problem *problem)
{
    return refuses_forward(((const gd_global_pool_params *)problem->params)->kind, problem->training);
}

const char *gd_global_pool_bwd_data_cudnn_accepts(const gd_problem *problem)
{
    return refuses_backward(((const gd_global_pool_params *)problem->params)->kind);
}

gd_status gd_pool2d_fwd_cudnn_prepare(const gd_problem *problem, int threads, gd_needs *needs, gd_error *error)
{
    (void)threads;
    return prepare(window_of_pool2d(problem), problem, needs, error);
}

gd_status gd_pool2d_bwd_data_cudnn_prepare(const gd_problem *problem, int threads, gd_needs *needs, gd_error *error)
{
    (void)threads;
    return prepare(window_of_pool2d(problem), problem, needs, error);
}

gd_status gd_global_pool_fwd_cudnn_prepare(const gd_problem *problem, int threads, gd_needs *needs, gd_error *error)
{
    (void)threads;
    return prepare(window_of_global_pool(problem), problem, needs, error);
}

gd_status gd_global_pool_bwd_data_cudnn_prepare(const gd_problem *problem, int threads, gd_needs *needs,
                                                gd_error *error)
{
    (void)threads;
    return prepare(window_of_global_pool(problem), problem, needs, error);
}

gd_status gd_pool2d_fwd_cudnn(const gd_call *call, const gd_ctx *ctx) { return gd_cudnn_run(call, ctx, forward); }
gd_status gd_pool2d_bwd_data_cudnn(const gd_call *call, const gd_ctx *ctx) { return gd_cudnn_run(call, ctx, backward); }
gd_status gd_global_pool_fwd_cudnn(const gd_call *call, const gd_ctx *ctx) { return gd_cudnn_run(call, ctx, forward); }
gd_status gd_global_pool_bwd_data_cudnn(const gd_call *call, const gd_ctx *ctx)
{
    return gd_cudnn_run(call, ctx, backward);
}
