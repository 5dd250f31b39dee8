// SPDX-License-Identifier: Apache-2.0
/* What all cuDNN entries share: a state with the descriptors of one problem, made in prepare, and the way from a call
 * to the library in run. cuDNN reads images as (n, c, h, w) whatever their layout; all of ours lie as NHWC, and a
 * matrix (N,C) is N images of one pixel.
 *
 * In run nothing is allocated and nothing waited for: descriptors are made, the algorithm and its scratch settled
 * before. Pointers need to be multiples of 4 bytes (release notes, "Limitations"), as every f32 in a block of
 * parameters is, and every slot.
 */
#ifndef GD_CUDA_CUDNN_STATE_H
#define GD_CUDA_CUDNN_STATE_H

#include "cudnn/cudnn.h"
#include "kernel/kernel.h"

enum { GD_CUDNN_IMAGES = 3 };

typedef struct gd_cudnn_state {
    cudnnTensorDescriptor_t image[GD_CUDNN_IMAGES];
    cudnnFilterDescriptor_t filter;
    cudnnConvolutionDescriptor_t convolution;
    cudnnPoolingDescriptor_t pooling;
    cudnnActivationDescriptor_t activation;
    int algorithm;
    size_t scratch_bytes; /* of WORK, from its start: the library's */
} gd_cudnn_state;

/* In prepare: a new state in needs->state, and the library opened. gd_cudnn_release (kernel/kernel.h) releases it. */
gd_status gd_cudnn_state_new(gd_needs *needs, gd_cudnn_state **state, gd_error *error);

/* At the end of prepare: releases the state if something failed. Returns status. */
gd_status gd_cudnn_prepared(gd_needs *needs, gd_status status);

/* What a call answered, in our terms: UNSUPPORTED where cuDNN does not offer what was asked for, INTERNAL where the
 * question was wrong. `error` may be NULL. */
gd_status gd_cudnn_answer(cudnnStatus_t answer, const char *what, gd_error *error);

/* Describes image i: UNSUPPORTED where it has more elements than cuDNN counts. */
gd_status gd_cudnn_image(gd_cudnn_state *state, int i, gd_type type, int64_t n, int64_t h, int64_t w, int64_t c,
                         gd_error *error);
gd_status gd_cudnn_activation(gd_cudnn_state *state, cudnnActivationMode_t mode, gd_error *error);
cudnnDataType_t gd_cudnn_type(gd_type type);

/* Factors of results and of what was there before: all our types have f32 ones. */
extern const float gd_cudnn_one, gd_cudnn_zero;

/* In run: work(handle, call, ctx) with the handle on the context's stream. DEVICE where cuDNN refuses. */
gd_status gd_cudnn_run(const gd_call *call, const gd_ctx *ctx,
                       gd_status (*work)(cudnnHandle_t, const gd_call *, const gd_ctx *));

/* In work: returns DEVICE unless the call succeeds. */
#define GD_CUDNN_TRY(call)                                                                                             \
    do {                                                                                                               \
        if ((call) != CUDNN_STATUS_SUCCESS)                                                                            \
            return GD_DEVICE;                                                                                          \
    } while (0)

#endif
