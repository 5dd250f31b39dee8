// SPDX-License-Identifier: Apache-2.0
#include "channels.cuh"
#include "images.cuh"
#include "kernel/mul.h"

namespace
{

template <class T> struct product {
    const T *x, *g;
    T *y;
    int64_t pixels, C;

    template <int W> __device__ void run(int64_t row, int64_t c) const
    {
        const gd_piece<W, T> a = gd_piece_load<W>(x + row * C + c), gate = gd_piece_load<W>(g + row / pixels * C + c);
        gd_piece<W, T> to;
        for (int j = 0; j < W; j++)
            to.at[j] = gd_store<T>(gd_load(a.at[j]) * gd_load(gate.at[j]));
        gd_piece_store(y + row * C + c, to);
    }
};

/* A gate per number. */
template <class T> struct gradients {
    const T *x, *g, *dy;
    T *dx, *dg; /* either may be NULL */
    int64_t C;

    template <int W> __device__ void run(int64_t row, int64_t c) const
    {
        int64_t i = row * C + c;
        const gd_piece<W, T> a = gd_piece_load<W>(x + i), gate = gd_piece_load<W>(g + i), d = gd_piece_load<W>(dy + i);
        gd_piece<W, T> to_x, to_g;
        for (int j = 0; j < W; j++) {
            float value = gd_load(d.at[j]);
            to_x.at[j] = gd_store<T>(value * gd_load(gate.at[j]));
            to_g.at[j] = gd_store<T>(value * gd_load(a.at[j]));
        }
        if (dx)
            gd_piece_store(dx + i, to_x);
        if (dg)
            gd_piece_store(dg + i, to_g);
    }
};

/* A gate per image and channel: both gradients out of one reading of dy. */
template <class T> struct gate_sums {
    typedef float state;
    const T *x, *g, *dy;
    T *dx, *dg;
    int64_t pixels, C;

    __device__ state none() const { return 0; }
    __device__ void take(state &sum, int64_t image, int64_t pixel, int64_t c) const
    {
        int64_t i = (image * pixels + pixel) * C + c;
        float value = gd_load(dy[i]);
        sum += value * gd_load(x[i]);
        if (dx)
            dx[i] = gd_store<T>(value * gd_load(g[image * C + c]));
    }
    __device__ static void merge(state &sum, const state &other) { sum += other; }
    __device__ void finish(int64_t image, int64_t c, const state &sum) const
    {
        if (dg)
            dg[image * C + c] = gd_store<T>(sum);
    }
};

template <class T> gd_status forward(const gd_call *call, const gd_ctx *ctx)
{
    const gd_mul_sizes z = gd_mul_sizes_of(call->problem);
    const product<T> f = {(const T *)call->at[MUL_X], (const T *)call->at[MUL_G], (T *)call->at[MUL_Y], z.pixels, z.C};
    bool in_vectors = gd_is_aligned(f.x) && gd_is_aligned(f.g) && gd_is_aligned(f.y);
    return gd_channels_run<T>(ctx, z.images * z.pixels, z.C, in_vectors, f);
}

template <class T> gd_status backward(const gd_call *call, const gd_ctx *ctx)
{
    const gd_mul_sizes z = gd_mul_sizes_of(call->problem);
    const T *x = (const T *)call->at[MUL_X], *g = (const T *)call->at[MUL_G], *dy = (const T *)call->at[MUL_DY];
    T *dx = (T *)call->at[MUL_DX], *dg = (T *)call->at[MUL_DG];
    if (z.pixels > 1)
        return gd_images_run(ctx, z.images, z.pixels, z.C, gate_sums<T>{x, g, dy, dx, dg, z.pixels, z.C});
    bool in_vectors =
        gd_is_aligned(x) && gd_is_aligned(g) && gd_is_aligned(dy) && gd_is_aligned(dx) && gd_is_aligned(dg);
    return gd_channels_run<T>(ctx, z.images, z.C, in_vectors, gradients<T>{x, g, dy, dx, dg, z.C});
}

} // namespace

gd_status gd_mul_fwd_simt(const gd_call *call, const gd_ctx *ctx)
{
    GD_WITH_TYPE(call->problem->type, T, return forward<T>(call, ctx));
}

gd_status gd_mul_bwd_data_simt(const gd_call *call, const gd_ctx *ctx)
{
    GD_WITH_TYPE(call->problem->type, T, return backward<T>(call, ctx));
}
