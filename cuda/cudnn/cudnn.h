// SPDX-License-Identifier: Apache-2.0
/* cuDNN itself: loaded when an entry first asks for it, on the card that is open; its functions; one handle for the
 * process. Where it cannot be used that is no error: its entries refuse with the reason, the user is told once, and
 * entries of our own do the work.
 */
#ifndef GD_CUDA_CUDNN_H
#define GD_CUDA_CUDNN_H

#include "base/status.h"
#include "cudnn/abi.h"

typedef struct gd_cudnn_functions {
#define GD_CUDNN_MEMBER(type, name, arguments) type(*name) arguments;
    GD_CUDNN_FUNCTIONS(GD_CUDNN_MEMBER)
#undef GD_CUDNN_MEMBER
} gd_cudnn_functions;

extern gd_cudnn_functions gd_cudnn; /* once gd_cudnn_open has succeeded */

/* Once a process; later calls repeat the answer. UNSUPPORTED: it is absent, too old, too new for the card, lacks a
 * function, or cannot be started. */
gd_status gd_cudnn_open(gd_error *error);

/* Why gd_cudnn_open failed, the first time that this is asked after it did; else, and where the user wants none of it
 * (GRIDDLE_CUDNN_LIBRARY is empty), NULL. */
const char *gd_cudnn_note(void);

/* "9.10.2", or "" where it cannot be used. Loads it, but starts nothing. */
const char *gd_cudnn_version(void);

/* The handle, putting its work into this stream, for this thread alone until it is given back. NULL: it cannot take the
 * stream, and there is nothing to give back. */
cudnnHandle_t gd_cudnn_take(cudaStream_t stream);
void gd_cudnn_give_back(void);

#endif
