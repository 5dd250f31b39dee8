// SPDX-License-Identifier: Apache-2.0
#include "channels.cuh"
#include "kernel/cast.h"

namespace
{

template <class To, class From> struct conversion {
    __device__ static To of(From value) { return gd_store<To>(gd_load(value)); }
};
template <class T> struct conversion<T, T> {
    __device__ static T of(T value) { return value; }
};

/* A thread takes as many numbers as fill sixteen bytes of the narrower type. */
template <class To, class From>
__global__ void __launch_bounds__(GD_POINTWISE_THREADS)
    convert_kernel(const From *from, To *to, int64_t n, bool in_vectors)
{
    enum { OF_FROM = 16 / sizeof(From), OF_TO = 16 / sizeof(To), WIDTH = OF_FROM > OF_TO ? OF_FROM : OF_TO };
    int64_t first = (int64_t)blockIdx.x * blockDim.x + threadIdx.x, stride = (int64_t)gridDim.x * blockDim.x;
    int64_t vectors = in_vectors ? n / WIDTH : 0;
    GD_ROLLED
    for (int64_t v = first; v < vectors; v += stride) {
        gd_piece<OF_FROM, From> in[WIDTH / OF_FROM];
        for (int i = 0; i < WIDTH / OF_FROM; i++)
            in[i] = gd_piece_load<OF_FROM>(from + v * WIDTH + i * OF_FROM);
        for (int i = 0; i < WIDTH / OF_TO; i++) {
            gd_piece<OF_TO, To> out;
            for (int j = 0; j < OF_TO; j++) {
                int at = i * OF_TO + j;
                out.at[j] = conversion<To, From>::of(in[at / OF_FROM].at[at % OF_FROM]);
            }
            gd_piece_store(to + v * WIDTH + i * OF_TO, out);
        }
    }
    GD_ROLLED
    for (int64_t i = vectors * WIDTH + first; i < n; i += stride)
        to[i] = conversion<To, From>::of(from[i]);
}

template <class To, class From> gd_status convert(const gd_ctx *ctx, const void *from, void *to, int64_t n)
{
    bool in_vectors = gd_is_aligned(from) && gd_is_aligned(to);
    return gd_launched(GD_LAUNCH((convert_kernel<To, From>),
                                 gd_blocks(gd_ceil(n, in_vectors ? 8 : 1), GD_POINTWISE_THREADS), GD_POINTWISE_THREADS,
                                 0, gd_stream_of(ctx), (const From *)from, (To *)to, n, in_vectors));
}

gd_status convert_to(const gd_ctx *ctx, const void *from, gd_type from_type, void *to, gd_type to_type, int64_t n)
{
    GD_WITH_TYPE(from_type, From, GD_WITH_TYPE(to_type, To, return convert<To, From>(ctx, from, to, n)));
}

} // namespace

gd_status gd_cast_fwd_simt(const gd_call *call, const gd_ctx *ctx)
{
    const gd_desc x = call->problem->desc[CAST_X], y = call->problem->desc[CAST_Y];
    return convert_to(ctx, call->at[CAST_X], x.type, call->at[CAST_Y], y.type, gd_desc_count(x));
}

gd_status gd_cast_bwd_data_simt(const gd_call *call, const gd_ctx *ctx)
{
    const gd_desc x = call->problem->desc[CAST_X], y = call->problem->desc[CAST_Y];
    return convert_to(ctx, call->at[CAST_DY], y.type, call->at[CAST_DX], x.type, gd_desc_count(x));
}
