// SPDX-License-Identifier: Apache-2.0
/* Forward: a thread for some channels of a window. Backward: a thread for some channels of a pixel, which gathers from
 * the windows that hold it, so that nobody has to add to what another one wrote. */
#include "channels.cuh"
#include "kernel/pool2d.h"

namespace
{

/* W bytes at once: of as many channels. */
template <int W> struct bytes {
    typedef uint8_t word;
};
template <> struct bytes<4> {
    typedef uint32_t word;
};
template <> struct bytes<8> {
    typedef uint64_t word;
};

template <int W> __device__ void store_bytes(uint8_t *to, const int (&value)[W])
{
    typename bytes<W>::word all = 0;
    for (int i = 0; i < W; i++)
        all = (typename bytes<W>::word)(all | (typename bytes<W>::word)value[i] << 8 * i);
    *(typename bytes<W>::word *)to = all;
}

template <int W> __device__ void load_bytes(int (&value)[W], const uint8_t *from)
{
    typename bytes<W>::word all = *(const typename bytes<W>::word *)from;
    for (int i = 0; i < W; i++)
        value[i] = (int)(all >> 8 * i & 0xff);
}

/* Where a window lies: its taps inside the image, and where its first one would be read, were it inside. */
struct window {
    gd_pool2d_range rows, columns;
    int64_t corner;
};

__device__ window window_of(const gd_pool2d_sizes &z, int64_t i)
{
    int64_t n = i / (z.P * z.Q), p = i / z.Q % z.P, q = i % z.Q;
    window w = {gd_pool2d_taps(z, p, z.H), gd_pool2d_taps(z, q, z.W),
                ((n * z.H + p * z.stride - z.pad) * z.W + q * z.stride - z.pad) * z.C};
    return w;
}

template <class T> struct largest {
    const T *x;
    T *y;
    uint8_t *argmax;
    gd_pool2d_sizes z;

    template <int W> __device__ void run(int64_t i, int64_t c) const
    {
        const window w = window_of(z, i);
        float best[W] = {};
        int at[W] = {};
        for (int64_t r = w.rows.begin; r < w.rows.end; r++) {
            for (int64_t s = w.columns.begin; s < w.columns.end; s++) {
                const gd_piece<W, T> piece = gd_piece_load<W>(x + (w.corner + (r * z.W + s) * z.C + c));
                bool first = r == w.rows.begin && s == w.columns.begin;
                for (int j = 0; j < W; j++) {
                    float value = gd_load(piece.at[j]);
                    if (first || GD_POOL_REPLACES(value, best[j])) {
                        best[j] = value;
                        at[j] = (int)(r * z.kernel + s);
                    }
                }
            }
        }
        gd_piece<W, T> to;
        for (int j = 0; j < W; j++)
            to.at[j] = gd_store<T>(best[j]);
        gd_piece_store(y + i * z.C + c, to);
        if (argmax)
            store_bytes(argmax + i * z.C + c, at);
    }
};

template <class T> struct average {
    const T *x;
    T *y;
    gd_pool2d_sizes z;

    template <int W> __device__ void run(int64_t i, int64_t c) const
    {
        const window w = window_of(z, i);
        float sum[W] = {};
        for (int64_t r = w.rows.begin; r < w.rows.end; r++) {
            for (int64_t s = w.columns.begin; s < w.columns.end; s++) {
                const gd_piece<W, T> piece = gd_piece_load<W>(x + (w.corner + (r * z.W + s) * z.C + c));
                for (int j = 0; j < W; j++)
                    sum[j] += gd_load(piece.at[j]);
            }
        }
        float n = (float)((w.rows.end - w.rows.begin) * (w.columns.end - w.columns.begin));
        gd_piece<W, T> to;
        for (int j = 0; j < W; j++)
            to.at[j] = gd_store<T>(sum[j] / n);
        gd_piece_store(y + i * z.C + c, to);
    }
};

template <class T> struct gradient {
    const T *dy;
    T *dx;
    const uint8_t *argmax; /* NULL: of the average */
    gd_pool2d_sizes z;

    /* What each channel of window (p,q) sends to pixel (h,w). */
    template <int W> __device__ void add(float (&sum)[W], int64_t i, int64_t h, int64_t w, int64_t p, int64_t q) const
    {
        const gd_piece<W, T> g = gd_piece_load<W>(dy + i);
        if (argmax) {
            int at[W], here = (int)((h + z.pad - p * z.stride) * z.kernel + w + z.pad - q * z.stride);
            load_bytes(at, argmax + i);
            for (int j = 0; j < W; j++)
                sum[j] += at[j] == here ? gd_load(g.at[j]) : 0;
            return;
        }
        gd_pool2d_range rows = gd_pool2d_taps(z, p, z.H), columns = gd_pool2d_taps(z, q, z.W);
        float n = (float)((rows.end - rows.begin) * (columns.end - columns.begin));
        for (int j = 0; j < W; j++)
            sum[j] += gd_load(g.at[j]) / n;
    }

    template <int W> __device__ void run(int64_t pixel, int64_t c) const
    {
        int64_t n = pixel / (z.H * z.W), h = pixel / z.W % z.H, w = pixel % z.W;
        gd_pool2d_range rows = gd_pool2d_windows(z, h, z.P), columns = gd_pool2d_windows(z, w, z.Q);
        float sum[W] = {};
        GD_ROLLED
        for (int64_t p = rows.begin; p < rows.end; p++) {
            GD_ROLLED
            for (int64_t q = columns.begin; q < columns.end; q++)
                add(sum, ((n * z.P + p) * z.Q + q) * z.C + c, h, w, p, q);
        }
        gd_piece<W, T> to;
        for (int j = 0; j < W; j++)
            to.at[j] = gd_store<T>(sum[j]);
        gd_piece_store(dx + pixel * z.C + c, to);
    }
};

template <class T> gd_status forward(const gd_call *call, const gd_ctx *ctx)
{
    const gd_pool2d_params *p = (const gd_pool2d_params *)call->problem->params;
    const gd_pool2d_sizes z = gd_pool2d_sizes_of(call->problem);
    const T *x = (const T *)call->at[POOL2D_X];
    T *y = (T *)call->at[POOL2D_Y];
    uint8_t *argmax = (uint8_t *)call->at[POOL2D_ARGMAX];
    bool in_vectors = gd_is_aligned(x) && gd_is_aligned(y) && gd_is_aligned(argmax);
    if (p->kind == GD_POOL_MAX)
        return gd_channels_run<T>(ctx, z.N * z.P * z.Q, z.C, in_vectors, largest<T>{x, y, argmax, z});
    return gd_channels_run<T>(ctx, z.N * z.P * z.Q, z.C, in_vectors, average<T>{x, y, z});
}

template <class T> gd_status backward(const gd_call *call, const gd_ctx *ctx)
{
    const gd_pool2d_sizes z = gd_pool2d_sizes_of(call->problem);
    const gradient<T> g = {(const T *)call->at[POOL2D_DY], (T *)call->at[POOL2D_DX],
                           (const uint8_t *)call->at[POOL2D_ARGMAX], z};
    bool in_vectors = gd_is_aligned(g.dy) && gd_is_aligned(g.dx) && gd_is_aligned(g.argmax);
    return gd_channels_run<T>(ctx, z.N * z.H * z.W, z.C, in_vectors, g);
}

} // namespace

gd_status gd_pool2d_fwd_simt(const gd_call *call, const gd_ctx *ctx)
{
    GD_WITH_TYPE(call->problem->type, T, return forward<T>(call, ctx));
}

gd_status gd_pool2d_bwd_data_simt(const gd_call *call, const gd_ctx *ctx)
{
    GD_WITH_TYPE(call->problem->type, T, return backward<T>(call, ctx));
}
