// SPDX-License-Identifier: Apache-2.0
#include "columns.cuh"
#include "kernel/bn_apply.h"

namespace
{

/* What all three directions read. */
template <class T> struct normaliser {
    const T *x, *y, *dy, *residual;
    const float *stats, *gamma, *beta, *sums;
    gd_bn_sizes z;
    float epsilon;
    bool relu;

    __device__ float mean(int64_t g, int64_t c) const { return stats[2 * g * z.C + c]; }
    __device__ float rstd(int64_t g, int64_t c) const { return 1 / sqrtf(stats[(2 * g + 1) * z.C + c] + epsilon); }
    __device__ float dz(int64_t i) const { return relu && !(gd_load(y[i]) > 0) ? 0 : gd_load(dy[i]); }
    __device__ int64_t rows(int64_t g) const
    {
        int64_t left = z.rows - g * z.group_rows;
        return left < z.group_rows ? left : z.group_rows;
    }
};

template <class T> normaliser<T> normaliser_of(const gd_call *call)
{
    const gd_bn_apply_params *p = (const gd_bn_apply_params *)call->problem->params;
    const void *stats = call->at[BN_APPLY_STATS] ? call->at[BN_APPLY_STATS] : call->at[BN_APPLY_RUNNING];
    return normaliser<T>{(const T *)call->at[BN_APPLY_X],
                         (const T *)call->at[BN_APPLY_Y],
                         (const T *)call->at[BN_APPLY_DY],
                         (const T *)call->at[BN_APPLY_RESIDUAL],
                         (const float *)stats,
                         (const float *)call->at[BN_APPLY_GAMMA],
                         (const float *)call->at[BN_APPLY_BETA],
                         (const float *)call->at[BN_APPLY_SUMS],
                         gd_bn_apply_sizes_of(call->problem),
                         (float)p->epsilon,
                         p->activation == GD_ACTIVATION_RELU};
}

template <class T> __global__ void forward_kernel(normaliser<T> in, T *y)
{
    int64_t n = in.z.rows * in.z.C, stride = (int64_t)gridDim.x * blockDim.x;
    GD_ROLLED
    for (int64_t i = (int64_t)blockIdx.x * blockDim.x + threadIdx.x; i < n; i += stride) {
        int64_t row = i / in.z.C, c = i % in.z.C, g = row / in.z.group_rows;
        float sum = in.gamma[c] * ((gd_load(in.x[i]) - in.mean(g, c)) * in.rstd(g, c)) + in.beta[c];
        if (in.residual)
            sum += gd_load(in.residual[i]);
        y[i] = gd_store<T>(in.relu && sum <= 0 ? 0 : sum);
    }
}

template <class T> __global__ void backward_kernel(normaliser<T> in, T *dx, T *dresidual)
{
    int64_t n = in.z.rows * in.z.C, stride = (int64_t)gridDim.x * blockDim.x;
    GD_ROLLED
    for (int64_t i = (int64_t)blockIdx.x * blockDim.x + threadIdx.x; i < n; i += stride) {
        int64_t row = i / in.z.C, c = i % in.z.C, g = row / in.z.group_rows;
        float M = (float)in.rows(g), rstd = in.rstd(g, c), xhat = (gd_load(in.x[i]) - in.mean(g, c)) * rstd;
        float dz = in.dz(i);
        float sum_dz = in.sums[2 * g * in.z.C + c], sum_dz_xhat = in.sums[(2 * g + 1) * in.z.C + c];
        if (dx)
            dx[i] = gd_store<T>(in.gamma[c] * rstd * (dz - sum_dz / M - xhat * sum_dz_xhat / M));
        if (dresidual)
            dresidual[i] = gd_store<T>(dz);
    }
}

/* a: sum of dz, b: sum of dz xhat, of each group. */
template <class T> struct group_sums : gd_columns_sums {
    normaliser<T> in;
    float *sums;

    __device__ void take(float &sum_dz, float &sum_dz_xhat, int64_t row, int c, int) const
    {
        int64_t i = row * in.z.C + c, g = row / in.z.group_rows;
        float dz = in.dz(i);
        sum_dz += dz;
        sum_dz_xhat += dz * ((gd_load(in.x[i]) - in.mean(g, c)) * in.rstd(g, c));
    }
    __device__ void finish(int64_t g, int c, double sum_dz, double sum_dz_xhat, int64_t) const
    {
        sums[2 * g * in.z.C + c] = (float)sum_dz;
        sums[(2 * g + 1) * in.z.C + c] = (float)sum_dz_xhat;
    }
};

/* Over all groups. */
__global__ void parameters_kernel(const float *sums, float *dgamma, float *dbeta, gd_bn_sizes z)
{
    int64_t c = (int64_t)blockIdx.x * blockDim.x + threadIdx.x;
    if (c >= z.C)
        return;
    double sum_dz = 0, sum_dz_xhat = 0;
    for (int64_t g = 0; g < z.groups; g++) {
        sum_dz += (double)sums[2 * g * z.C + c];
        sum_dz_xhat += (double)sums[(2 * g + 1) * z.C + c];
    }
    dbeta[c] = (float)sum_dz;
    dgamma[c] = (float)sum_dz_xhat;
}

enum { THREADS = 256 };

template <class T> gd_status forward(const gd_call *call, const gd_ctx *ctx)
{
    const normaliser<T> in = normaliser_of<T>(call);
    return gd_launched(GD_LAUNCH((forward_kernel<T>), gd_blocks(in.z.rows * in.z.C, THREADS), THREADS, 0,
                                 gd_stream_of(ctx), in, (T *)call->at[BN_APPLY_Y]));
}

template <class T> gd_status backward(const gd_call *call, const gd_ctx *ctx)
{
    const normaliser<T> in = normaliser_of<T>(call);
    return gd_launched(GD_LAUNCH((backward_kernel<T>), gd_blocks(in.z.rows * in.z.C, THREADS), THREADS, 0,
                                 gd_stream_of(ctx), in, (T *)call->at[BN_APPLY_DX], (T *)call->at[BN_APPLY_DRESIDUAL]));
}

gd_columns columns_of(const gd_problem *problem)
{
    const gd_bn_sizes z = gd_bn_apply_sizes_of(problem);
    return gd_columns_of(z.rows, z.group_rows, z.C);
}

template <class T> gd_status parameters(const gd_call *call, const gd_ctx *ctx)
{
    group_sums<T> op;
    op.in = normaliser_of<T>(call);
    op.sums = (float *)call->at[BN_APPLY_SUMS];
    const gd_bn_sizes z = op.in.z;
    GD_TRY(gd_columns_run(ctx, columns_of(call->problem), op, call->at[GD_WORK]));
    return gd_launched(GD_LAUNCH(parameters_kernel, (unsigned)gd_ceil(z.C, THREADS), THREADS, 0, gd_stream_of(ctx),
                                 (const float *)op.sums, (float *)call->at[BN_APPLY_DGAMMA],
                                 (float *)call->at[BN_APPLY_DBETA], z));
}

} // namespace

gd_status gd_bn_apply_fwd_simt(const gd_call *call, const gd_ctx *ctx)
{
    GD_WITH_TYPE(call->problem->type, T, return forward<T>(call, ctx));
}

gd_status gd_bn_apply_bwd_data_simt(const gd_call *call, const gd_ctx *ctx)
{
    GD_WITH_TYPE(call->problem->type, T, return backward<T>(call, ctx));
}

gd_status gd_bn_apply_bwd_weight_simt_prepare(const gd_problem *problem, int, gd_needs *needs, gd_error *)
{
    needs->work_bytes = gd_columns_work(columns_of(problem));
    return GD_OK;
}

gd_status gd_bn_apply_bwd_weight_simt(const gd_call *call, const gd_ctx *ctx)
{
    GD_WITH_TYPE(call->problem->type, T, return parameters<T>(call, ctx));
}
