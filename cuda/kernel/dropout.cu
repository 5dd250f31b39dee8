// SPDX-License-Identifier: Apache-2.0
#include "channels.cuh"
#include "kernel/dropout.h"

namespace
{

/* The rows are samples. A thread takes sixteen bytes of one, and draws words for four elements at a time. */
template <class T> struct arguments {
    const T *from;
    T *to;
    int64_t rows, length;
    float rate, scale;
    int key;
    bool in_vectors;
};

template <class T> __global__ void mask_kernel(arguments<T> a, const gd_record *record)
{
    enum { WIDTH = 16 / sizeof(T) };
    int64_t pieces = (a.length + WIDTH - 1) / WIDTH, stride = (int64_t)gridDim.x * blockDim.x;
    GD_ROLLED
    for (int64_t i = (int64_t)blockIdx.x * blockDim.x + threadIdx.x; i < a.rows * pieces; i += stride) {
        int64_t row = i / pieces, e = i % pieces * WIDTH, at = row * a.length + e;
        int n = a.length - e < WIDTH ? (int)(a.length - e) : WIDTH;
        gd_piece<WIDTH, T> piece;
        if (a.in_vectors)
            piece = gd_piece_load<WIDTH>(a.from + at);
        for (int first = 0; first < WIDTH; first += 4) {
            gd_philox words = gd_dropout_words(record, a.key, record->first_sample + row, (e + first) / 4);
            for (int j = 0; j < 4; j++) {
                if (first + j >= n)
                    continue;
                float value = gd_load(a.in_vectors ? piece.at[first + j] : a.from[at + first + j]);
                piece.at[first + j] = gd_store<T>(gd_rng_unit(words.at[j]) < a.rate ? 0 : value * a.scale);
            }
        }
        if (a.in_vectors)
            gd_piece_store(a.to + at, piece);
        for (int j = 0; j < WIDTH && !a.in_vectors; j++) {
            if (j < n)
                a.to[at + j] = piece.at[j];
        }
    }
}

template <class T> gd_status mask(const gd_call *call, const gd_ctx *ctx, int from, int to)
{
    enum { THREADS = 256, WIDTH = 16 / sizeof(T) };
    const gd_dropout_params *p = (const gd_dropout_params *)call->problem->params;
    const gd_desc desc = call->problem->desc[DROPOUT_X];
    int64_t length = gd_desc_count(desc) / desc.dim[0];
    const arguments<T> a = {(const T *)call->at[from],
                            (T *)call->at[to],
                            desc.dim[0],
                            length,
                            (float)p->rate,
                            (float)(1 / (1 - p->rate)),
                            p->key,
                            length % WIDTH == 0 && gd_is_aligned(call->at[from]) && gd_is_aligned(call->at[to])};
    return gd_launched(GD_LAUNCH((mask_kernel<T>), gd_blocks(a.rows * gd_ceil(length, WIDTH), THREADS), THREADS, 0,
                                 gd_stream_of(ctx), a, ctx->record));
}

} // namespace

gd_status gd_dropout_fwd_simt(const gd_call *call, const gd_ctx *ctx)
{
    GD_WITH_TYPE(call->problem->type, T, return mask<T>(call, ctx, DROPOUT_X, DROPOUT_Y));
}

gd_status gd_dropout_bwd_data_simt(const gd_call *call, const gd_ctx *ctx)
{
    GD_WITH_TYPE(call->problem->type, T, return mask<T>(call, ctx, DROPOUT_DY, DROPOUT_DX));
}
