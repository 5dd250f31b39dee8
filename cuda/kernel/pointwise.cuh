// SPDX-License-Identifier: Apache-2.0
/* Element by element: y[i] = f(a[i], b[i]). Sixteen bytes a thread and turn; the tail, and tensors that do not begin at
 * a multiple of sixteen bytes, element by element.
 *
 *     block 0: vectors 0 … 255      block 1: 256 … 511      …      and again, a grid further
 */
#ifndef GD_CUDA_POINTWISE_CUH
#define GD_CUDA_POINTWISE_CUH

#include "launch.cuh"

enum { GD_POINTWISE_THREADS = 256 };

/* `b` and `y2` may be NULL; f(a, b) gives the value of y, and of y2. */
template <class T, class F>
__global__ void __launch_bounds__(GD_POINTWISE_THREADS)
    gd_pointwise_kernel(const T *a, const T *b, T *y, T *y2, int64_t n, bool in_vectors, F f)
{
    enum { WIDTH = 16 / sizeof(T) };
    int64_t first = (int64_t)blockIdx.x * blockDim.x + threadIdx.x, stride = (int64_t)gridDim.x * blockDim.x;
    int64_t vectors = in_vectors ? n / WIDTH : 0;
    GD_ROLLED
    for (int64_t v = first; v < vectors; v += stride) {
        gd_vector<T> va = gd_vector_load(a + v * WIDTH), vb = b ? gd_vector_load(b + v * WIDTH) : va, vy;
        for (int i = 0; i < WIDTH; i++)
            vy.at[i] = gd_store<T>(f(gd_load(va.at[i]), gd_load(vb.at[i])));
        if (y)
            gd_vector_store(y + v * WIDTH, vy);
        if (y2)
            gd_vector_store(y2 + v * WIDTH, vy);
    }
    GD_ROLLED
    for (int64_t i = vectors * WIDTH + first; i < n; i += stride) {
        T value = gd_store<T>(f(gd_load(a[i]), b ? gd_load(b[i]) : 0.0f));
        if (y)
            y[i] = value;
        if (y2)
            y2[i] = value;
    }
}

static inline bool gd_is_aligned(const void *p) { return ((uintptr_t)p & 15) == 0; }

template <class T, class F>
gd_status gd_pointwise(const gd_ctx *ctx, const void *a, const void *b, void *y, void *y2, int64_t n, F f)
{
    bool in_vectors = gd_is_aligned(a) && gd_is_aligned(b) && gd_is_aligned(y) && gd_is_aligned(y2);
    unsigned blocks = gd_blocks(gd_ceil(n, in_vectors ? 16 / (int64_t)sizeof(T) : 1), GD_POINTWISE_THREADS);
    return gd_launched(GD_LAUNCH((gd_pointwise_kernel<T, F>), blocks, GD_POINTWISE_THREADS, 0, gd_stream_of(ctx),
                                 (const T *)a, (const T *)b, (T *)y, (T *)y2, n, in_vectors, f));
}

#endif
