// SPDX-License-Identifier: Apache-2.0
/* The host side of every kernel here: types, grids, status. */
#ifndef GD_CUDA_LAUNCH_CUH
#define GD_CUDA_LAUNCH_CUH

#include "card.h"
#include "kernel/kernel.h"
#include "machine.cuh"

/* Runs the statement once with `T` the storage type of `type`. */
#define GD_WITH_TYPE(type, T, ...)                                                                                     \
    do {                                                                                                               \
        if ((type) == GD_F16) {                                                                                        \
            using T = __half;                                                                                          \
            __VA_ARGS__;                                                                                               \
        } else if ((type) == GD_BF16) {                                                                                \
            using T = __nv_bfloat16;                                                                                   \
            __VA_ARGS__;                                                                                               \
        } else {                                                                                                       \
            using T = float;                                                                                           \
            __VA_ARGS__;                                                                                               \
        }                                                                                                              \
    } while (0)

static inline gd_status gd_launched(cudaError_t reason) { return reason == cudaSuccess ? GD_OK : GD_DEVICE; }

static inline cudaStream_t gd_stream_of(const gd_ctx *ctx) { return (cudaStream_t)ctx->stream; }

static inline int64_t gd_ceil(int64_t n, int64_t by) { return (n + by - 1) / by; }

/* Blocks for n independent pieces of work that a kernel walks through with the stride of its grid: enough to fill the
 * card a few times over, no more. */
static inline unsigned gd_blocks(int64_t n, int per_block)
{
    enum { WAVES = 16 };
    int64_t blocks = gd_ceil(n, per_block), most = (int64_t)gd_card_get()->multiprocessors * WAVES;
    return (unsigned)(blocks < 1 ? 1 : blocks < most ? blocks : most);
}

#endif
