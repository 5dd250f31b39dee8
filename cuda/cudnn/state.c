// SPDX-License-Identifier: Apache-2.0
#include "cudnn/state.h"

#include <limits.h>
#include <stdlib.h>

const float gd_cudnn_one = 1, gd_cudnn_zero = 0;

gd_status gd_cudnn_state_new(gd_needs *needs, gd_cudnn_state **state, gd_error *error)
{
    GD_TRY(gd_cudnn_open(error));
    needs->state = *state = calloc(1, sizeof **state);
    return *state ? GD_OK : gd_fail(error, GD_NOMEM, "out of memory for descriptors of cuDNN");
}

void gd_cudnn_release(void *state)
{
    gd_cudnn_state *s = state;
    if (!s)
        return;
    for (int i = 0; i < GD_CUDNN_IMAGES; i++) {
        if (s->image[i])
            gd_cudnn.cudnnDestroyTensorDescriptor(s->image[i]);
    }
    if (s->filter)
        gd_cudnn.cudnnDestroyFilterDescriptor(s->filter);
    if (s->convolution)
        gd_cudnn.cudnnDestroyConvolutionDescriptor(s->convolution);
    if (s->pooling)
        gd_cudnn.cudnnDestroyPoolingDescriptor(s->pooling);
    if (s->activation)
        gd_cudnn.cudnnDestroyActivationDescriptor(s->activation);
    free(s);
}

gd_status gd_cudnn_prepared(gd_needs *needs, gd_status status)
{
    if (status != GD_OK) {
        gd_cudnn_release(needs->state);
        *needs = (gd_needs){0};
    }
    return status;
}

/* Statuses come in categories of a thousand. */
gd_status gd_cudnn_answer(cudnnStatus_t answer, const char *what, gd_error *error)
{
    enum { CATEGORY = 1000 };
    if (answer == CUDNN_STATUS_SUCCESS)
        return GD_OK;
    bool offered = answer / CATEGORY != CUDNN_STATUS_NOT_SUPPORTED / CATEGORY;
    return gd_fail(error, offered ? GD_INTERNAL : GD_UNSUPPORTED, "cuDNN %s: %s: %s", gd_cudnn_version(), what,
                   gd_cudnn.cudnnGetErrorString(answer));
}

cudnnDataType_t gd_cudnn_type(gd_type type)
{
    return type == GD_F16 ? CUDNN_DATA_HALF : type == GD_BF16 ? CUDNN_DATA_BFLOAT16 : CUDNN_DATA_FLOAT;
}

gd_status gd_cudnn_image(gd_cudnn_state *state, int i, gd_type type, int64_t n, int64_t h, int64_t w, int64_t c,
                         gd_error *error)
{
    if (n * h * w > INT_MAX / c)
        return gd_fail(error, GD_UNSUPPORTED, "an image has more than 2^31 elements");
    GD_TRY(gd_cudnn_answer(gd_cudnn.cudnnCreateTensorDescriptor(&state->image[i]), "a descriptor", error));
    return gd_cudnn_answer(gd_cudnn.cudnnSetTensor4dDescriptor(state->image[i], CUDNN_TENSOR_NHWC, gd_cudnn_type(type),
                                                               (int)n, (int)c, (int)h, (int)w),
                           "an image", error);
}

gd_status gd_cudnn_activation(gd_cudnn_state *state, cudnnActivationMode_t mode, gd_error *error)
{
    GD_TRY(gd_cudnn_answer(gd_cudnn.cudnnCreateActivationDescriptor(&state->activation), "a descriptor", error));
    return gd_cudnn_answer(gd_cudnn.cudnnSetActivationDescriptor(state->activation, mode, CUDNN_PROPAGATE_NAN, 0),
                           "an activation", error);
}

gd_status gd_cudnn_run(const gd_call *call, const gd_ctx *ctx,
                       gd_status (*work)(cudnnHandle_t, const gd_call *, const gd_ctx *))
{
    cudnnHandle_t handle = gd_cudnn_take(ctx->stream);
    if (!handle)
        return GD_DEVICE;
    gd_status status = work(handle, call, ctx);
    gd_cudnn_give_back();
    return status;
}
