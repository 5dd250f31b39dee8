// SPDX-License-Identifier: Apache-2.0
#include "kernel/augment.h"
#include "launch.cuh"

namespace
{

enum { THREADS = 256, CHANNELS = 16 };

/* The launch brings mean and deviation of these channels along; more than 16 take another launch. */
struct arguments {
    const uint8_t *x;
    const gd_draw *draws; /* NULL: none */
    int64_t N, H, W, C;
    int64_t first; /* channel */
    int channels, edge;
    float mean[CHANNELS], deviation[CHANNELS];
};

/* A thread a pixel. */
template <class T> __global__ void __launch_bounds__(THREADS) forward_kernel(arguments a, T *y)
{
    int64_t pixels = a.N * a.H * a.W, stride = (int64_t)gridDim.x * blockDim.x;
    GD_ROLLED
    for (int64_t i = (int64_t)blockIdx.x * blockDim.x + threadIdx.x; i < pixels; i += stride) {
        int64_t n = i / (a.H * a.W), h = i / a.W % a.H, w = i % a.W;
        gd_draw d = {0, 0, 0, 0, 0, 0, 0, 1, 0};
        if (a.draws)
            d = a.draws[n];
        int64_t from_h = gd_augment_source(h + d.dy, a.H, a.edge), from_w = gd_augment_source(w + d.dx, a.W, a.edge);
        bool inside = from_h >= 0 && from_w >= 0;
        bool cut = h >= d.cut_y && h < d.cut_y + d.cut_side && w >= d.cut_x && w < d.cut_x + d.cut_side;
        int64_t from = inside ? ((n * a.H + from_h) * a.W + (d.flip ? a.W - 1 - from_w : from_w)) * a.C + a.first : 0;
        for (int c = 0; c < a.channels; c++) {
            float u = inside ? (float)a.x[from + c] : a.mean[c], v = u * d.contrast + d.brightness;
            y[i * a.C + a.first + c] = gd_store<T>(cut ? 0 : (v - a.mean[c]) / a.deviation[c]);
        }
    }
}

template <class T> gd_status forward(const gd_call *call, const gd_ctx *ctx)
{
    const gd_augment_params *p = (const gd_augment_params *)call->problem->params;
    const int64_t *dim = call->problem->desc[AUGMENT_X].dim;
    arguments a = {(const uint8_t *)call->at[AUGMENT_X],
                   (const gd_draw *)call->at[AUGMENT_DRAWS],
                   dim[0],
                   dim[1],
                   dim[2],
                   dim[3],
                   0,
                   0,
                   p->edge,
                   {},
                   {}};
    for (; a.first < a.C; a.first += CHANNELS) {
        a.channels = a.C - a.first < CHANNELS ? (int)(a.C - a.first) : CHANNELS;
        for (int c = 0; c < a.channels; c++) {
            a.mean[c] = (float)gd_augment_channel(p->mean, a.first + c);
            a.deviation[c] = (float)gd_augment_channel(p->deviation, a.first + c);
        }
        GD_TRY(gd_launched(GD_LAUNCH((forward_kernel<T>), gd_blocks(a.N * a.H * a.W, THREADS), THREADS, 0,
                                     gd_stream_of(ctx), a, (T *)call->at[AUGMENT_Y])));
    }
    return GD_OK;
}

} // namespace

gd_status gd_augment_fwd_simt(const gd_call *call, const gd_ctx *ctx)
{
    GD_WITH_TYPE(call->problem->type, T, return forward<T>(call, ctx));
}
