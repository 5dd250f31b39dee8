// SPDX-License-Identifier: Apache-2.0
/* conv2d on tensor cores, three directions of one implicit GEMM (conv2d.cuh, gemm_mma.cuh). Vectors of 8 run along
 * channels, so C and K are multiples of 8, and there is one group; what is not like that is left to other entries. */
#include "conv2d.cuh"
#include "gemm_mma.cuh"

namespace
{

/* Where y's pixel sees x at number k; outside of the image, and where it is not wanted, nowhere. */
template <class T>
__device__ inline const T *seen_at(const gd_conv_shape &z, const T *x, int pixel, int k, bool wanted, bool &inside)
{
    const gd_conv_tap t = z.x_tap(k);
    int64_t at = wanted ? z.seen(z.y_place(pixel), t) : -1;
    inside = at >= 0;
    return inside ? x + at * z.C + t.channel : x;
}

template <class T> struct fprop {
    static constexpr gd_major a_major = GD_ROW_MAJOR;
    static constexpr gd_major b_major = GD_COLUMN_MAJOR;
    gd_conv_shape z;
    int M, N, K, piece_K;
    const T *x, *w, *residual;
    const float *bias;
    T *y;
    bool relu;

    __device__ const T *a(int m, int k, bool &inside) const { return seen_at(z, x, m, k, inside && m < M, inside); }
    __device__ const T *b(int k, int n, bool &inside) const
    {
        inside = inside && n < N;
        return inside ? w + (int64_t)n * K + k : w;
    }
    __device__ void put(int m, int n, int, const float *sums) const
    {
        int64_t at = (int64_t)m * N + n;
        gd_vector<T> result, more;
        if (residual)
            more = gd_vector_global(residual + at);
        for (int i = 0; i < GD_MMA_VECTOR; i++) {
            float sum = sums[i] + (bias ? gd_global(bias + n + i) : 0.0f) + (residual ? gd_load(more.at[i]) : 0.0f);
            result.at[i] = gd_store<T>(relu && sum < 0 ? 0.0f : sum);
        }
        gd_vector_store(y + at, result);
    }
};

template <class T> struct dgrad {
    static constexpr gd_major a_major = GD_ROW_MAJOR;
    static constexpr gd_major b_major = GD_ROW_MAJOR;
    gd_conv_shape z;
    int M, N, K, piece_K;
    const T *dy, *w;
    T *dx;

    __device__ const T *a(int m, int k, bool &inside) const
    {
        const gd_conv_tap t = z.y_tap(k);
        int64_t pixel = inside && m < M ? z.seer(z.x_place(m), t) : -1;
        inside = pixel >= 0;
        return inside ? dy + pixel * z.K + t.channel : dy;
    }
    __device__ const T *b(int k, int n, bool &inside) const
    {
        inside = inside && n < N;
        const gd_conv_tap t = z.y_tap(k);
        return inside ? w + ((int64_t)t.channel * z.taps + t.number) * z.C + n : w;
    }
    __device__ void put(int m, int n, int, const float *sums) const
    {
        gd_vector<T> result;
        for (int i = 0; i < GD_MMA_VECTOR; i++)
            result.at[i] = gd_store<T>(sums[i]);
        gd_vector_store(dx + (int64_t)m * N + n, result);
    }
};

template <class T> struct wgrad {
    static constexpr gd_major a_major = GD_COLUMN_MAJOR;
    static constexpr gd_major b_major = GD_ROW_MAJOR;
    gd_conv_shape z;
    int M, N, K, piece_K;
    const T *x, *dy;
    float *to; /* dw, or its pieces */

    __device__ const T *a(int m, int k, bool &inside) const
    {
        inside = inside && m < M;
        return inside ? dy + (int64_t)k * M + m : dy;
    }
    __device__ const T *b(int k, int n, bool &inside) const { return seen_at(z, x, k, n, inside && n < N, inside); }
    __device__ void put(int m, int n, int piece, const float *sums) const
    {
        float *at = to + ((int64_t)piece * M + m) * N + n;
        for (int i = 0; i < GD_MMA_VECTOR; i++)
            at[i] = sums[i];
    }
};

/* ---- weights in the storage type, KRSC as they are ---- */

template <class T> struct cast {
    const float *from;
    T *to;
    __device__ void operator()(int64_t i) const { to[i] = gd_store<T>(from[i]); }
};

gd_status cast_weights(const void *state, void *to, const float *from, gd_desc desc, const gd_ctx *ctx)
{
    int64_t n = gd_desc_count(desc);
    GD_WITH_HALF(*(const gd_type *)state, T, return gd_block_each(ctx, n, cast<T>{from, (T *)to}));
}

void ask_for_weights(const gd_problem *problem, gd_needs *needs)
{
    static const gd_type types[GD_TYPES] = {GD_F32, GD_BF16, GD_F16, GD_F64, GD_U8, GD_I32, GD_I64};
    gd_desc w = problem->desc[CONV2D_W];
    w.type = problem->type;
    needs->pack[0] = gd_pack{"cast", "krsc", problem->type, gd_desc_bytes(w), &types[problem->type], cast_weights};
}

gd_conv_pieces pieces_of(const gd_conv_shape &z) { return gd_conv_pieces_of(z, GD_MMA_M, GD_MMA_K); }

template <class T> gd_status forward(const gd_call *call, const gd_ctx *ctx)
{
    const gd_conv2d_params *p = (const gd_conv2d_params *)call->problem->params;
    const gd_conv_shape z = gd_conv_shape_of(call->problem);
    int K = z.R * z.S * z.C;
    const fprop<T> op = {z,
                         z.N * z.P * z.Q,
                         z.K,
                         K,
                         K,
                         (const T *)call->at[CONV2D_X],
                         (const T *)call->at[CONV2D_W],
                         (const T *)call->at[CONV2D_RESIDUAL],
                         (const float *)call->at[CONV2D_B],
                         (T *)call->at[CONV2D_Y],
                         p->activation == GD_ACTIVATION_RELU};
    return gd_gemm_mma<T>(ctx, op);
}

template <class T> gd_status backward_data(const gd_call *call, const gd_ctx *ctx)
{
    const gd_conv_shape z = gd_conv_shape_of(call->problem);
    int K = z.R * z.S * z.K;
    const dgrad<T> op = {z,
                         z.N * z.H * z.W,
                         z.C,
                         K,
                         K,
                         (const T *)call->at[CONV2D_DY],
                         (const T *)call->at[CONV2D_W],
                         (T *)call->at[CONV2D_DX]};
    return gd_gemm_mma<T>(ctx, op);
}

template <class T> gd_status backward_weight(const gd_call *call, const gd_ctx *ctx)
{
    const gd_conv_shape z = gd_conv_shape_of(call->problem);
    const gd_conv_pieces pieces = pieces_of(z);
    float *dw = (float *)call->at[CONV2D_DW], *work = (float *)call->at[GD_WORK];
    if (dw) {
        const wgrad<T> op = {z,
                             z.K,
                             z.R * z.S * z.C,
                             z.N * z.P * z.Q,
                             (int)pieces.pixels,
                             (const T *)call->at[CONV2D_X],
                             (const T *)call->at[CONV2D_DY],
                             pieces.n > 1 ? work : dw};
        GD_TRY(gd_gemm_mma<T>(ctx, op));
        GD_TRY(gd_add_pieces(ctx, op.to, dw, (int64_t)op.M * op.N, pieces.n));
    }
    return call->at[CONV2D_DB] ? gd_bias_run<T>(ctx, z, call->at[CONV2D_DY], call->at[CONV2D_DB], work) : GD_OK;
}

} // namespace

const char *gd_conv2d_mma_accepts(const gd_problem *problem)
{
    const gd_conv2d_sizes z = gd_conv2d_sizes_of(problem);
    if (z.group_C != z.C)
        return "needs one group";
    if (z.C % GD_MMA_VECTOR != 0 || z.K % GD_MMA_VECTOR != 0)
        return "needs channels in multiples of 8";
    const int64_t most = 1 << 30, most_tiles = 65535; /* counts are ints; tiles along a grid's second side */
    if (z.N * z.H * z.W > most || z.N * z.P * z.Q > most || z.R * z.S * z.K > most)
        return "more than 2^30 pixels or terms";
    if (z.R * z.S * z.C > most_tiles * GD_MMA_N || z.K > most_tiles * GD_MMA_N)
        return "more than 65,535 tiles of weights";
    return NULL;
}

gd_status gd_conv2d_fwd_mma_prepare(const gd_problem *problem, int, gd_needs *needs, gd_error *)
{
    ask_for_weights(problem, needs);
    return GD_OK;
}

gd_status gd_conv2d_bwd_data_mma_prepare(const gd_problem *problem, int, gd_needs *needs, gd_error *)
{
    ask_for_weights(problem, needs);
    return GD_OK;
}

gd_status gd_conv2d_bwd_weight_mma_prepare(const gd_problem *problem, int, gd_needs *needs, gd_error *)
{
    const gd_conv_shape z = gd_conv_shape_of(problem);
    needs->work_bytes = gd_conv_work(z, pieces_of(z), problem->desc[CONV2D_DB].rank > 0);
    return GD_OK;
}

gd_status gd_conv2d_fwd_mma(const gd_call *call, const gd_ctx *ctx)
{
    GD_WITH_HALF(call->problem->type, T, return forward<T>(call, ctx));
}

gd_status gd_conv2d_bwd_data_mma(const gd_call *call, const gd_ctx *ctx)
{
    GD_WITH_HALF(call->problem->type, T, return backward_data<T>(call, ctx));
}

gd_status gd_conv2d_bwd_weight_mma(const gd_call *call, const gd_ctx *ctx)
{
    GD_WITH_HALF(call->problem->type, T, return backward_weight<T>(call, ctx));
}
