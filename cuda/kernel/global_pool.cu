// SPDX-License-Identifier: Apache-2.0
#include "channels.cuh"
#include "images.cuh"
#include "kernel/global_pool.h"

namespace
{

template <class T> struct average {
    typedef float state;
    const T *x;
    T *y;
    int64_t pixels, C;

    __device__ state none() const { return 0; }
    __device__ void take(state &sum, int64_t image, int64_t pixel, int64_t c) const
    {
        sum += gd_load(x[(image * pixels + pixel) * C + c]);
    }
    __device__ static void merge(state &sum, const state &other) { sum += other; }
    __device__ void finish(int64_t image, int64_t c, const state &sum) const
    {
        y[image * C + c] = gd_store<T>(sum / (float)pixels);
    }
};

/* Pixels come out of order to a merge; which of two is the maximum, their order decides as if they had not. */
struct place {
    float best;
    int at; /* -1: none yet */
};

template <class T> struct largest {
    typedef place state;
    const T *x;
    T *y;
    int32_t *argmax; /* may be NULL */
    int64_t pixels, C;

    __device__ state none() const
    {
        place p = {0, -1};
        return p;
    }
    __device__ void take(state &s, int64_t image, int64_t pixel, int64_t c) const
    {
        place other = {gd_load(x[(image * pixels + pixel) * C + c]), (int)pixel};
        if (s.at < 0 || GD_POOL_REPLACES(other.best, s.best))
            s = other;
    }
    __device__ static void merge(state &s, const state &other)
    {
        if (other.at < 0)
            return;
        if (s.at < 0 ||
            (s.at < other.at ? GD_POOL_REPLACES(other.best, s.best) : !GD_POOL_REPLACES(s.best, other.best)))
            s = other;
    }
    __device__ void finish(int64_t image, int64_t c, const state &s) const
    {
        y[image * C + c] = gd_store<T>(s.best);
        if (argmax)
            argmax[image * C + c] = s.at;
    }
};

template <class T> struct gradient {
    const T *dy;
    T *dx;
    const int32_t *argmax; /* NULL: of the average */
    int64_t pixels, C;

    template <int W> __device__ void run(int64_t row, int64_t c) const
    {
        int64_t image = row / pixels, pixel = row % pixels, from = image * C + c;
        const gd_piece<W, T> g = gd_piece_load<W>(dy + from);
        gd_piece<W, T> to;
        for (int j = 0; j < W; j++) {
            float value = gd_load(g.at[j]);
            to.at[j] = gd_store<T>(!argmax ? value / (float)pixels : argmax[from + j] == pixel ? value : 0);
        }
        gd_piece_store(dx + row * C + c, to);
    }
};

template <class T> gd_status forward(const gd_call *call, const gd_ctx *ctx)
{
    const gd_global_pool_params *p = (const gd_global_pool_params *)call->problem->params;
    const int64_t *dim = call->problem->desc[GLOBAL_POOL_X].dim, pixels = dim[1] * dim[2], C = dim[3];
    const T *x = (const T *)call->at[GLOBAL_POOL_X];
    T *y = (T *)call->at[GLOBAL_POOL_Y];
    if (p->kind == GD_POOL_MAX)
        return gd_images_run(ctx, dim[0], pixels, C,
                             largest<T>{x, y, (int32_t *)call->at[GLOBAL_POOL_ARGMAX], pixels, C});
    return gd_images_run(ctx, dim[0], pixels, C, average<T>{x, y, pixels, C});
}

template <class T> gd_status backward(const gd_call *call, const gd_ctx *ctx)
{
    const int64_t *dim = call->problem->desc[GLOBAL_POOL_X].dim, pixels = dim[1] * dim[2], C = dim[3];
    const gradient<T> g = {(const T *)call->at[GLOBAL_POOL_DY], (T *)call->at[GLOBAL_POOL_DX],
                           (const int32_t *)call->at[GLOBAL_POOL_ARGMAX], pixels, C};
    return gd_channels_run<T>(ctx, dim[0] * pixels, C, gd_is_aligned(g.dy) && gd_is_aligned(g.dx), g);
}

} // namespace

gd_status gd_global_pool_fwd_simt(const gd_call *call, const gd_ctx *ctx)
{
    GD_WITH_TYPE(call->problem->type, T, return forward<T>(call, ctx));
}

gd_status gd_global_pool_bwd_data_simt(const gd_call *call, const gd_ctx *ctx)
{
    GD_WITH_TYPE(call->problem->type, T, return backward<T>(call, ctx));
}
