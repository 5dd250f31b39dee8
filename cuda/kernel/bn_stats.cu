// SPDX-License-Identifier: Apache-2.0
#include "columns.cuh"
#include "kernel/bn_stats.h"

namespace
{

/* a: mean, b: sum of squares about it. One row at a time as Welford has it, pieces as Chan, Golub and LeVeque. */
template <class T> struct moments {
    const T *x;
    float *stats;
    int64_t C;

    __device__ void take(float &mean, float &squares, int64_t row, int c, int taken) const
    {
        float value = gd_load(x[row * C + c]), apart = value - mean;
        mean += apart / (float)(taken + 1);
        squares += apart * (value - mean);
    }
    __device__ static void merge(double &mean, double &squares, double n, double mean2, double squares2, double n2)
    {
        double apart = mean2 - mean, all = n + n2;
        mean += apart * (n2 / all);
        squares += squares2 + apart * apart * (n * n2 / all);
    }
    __device__ void finish(int64_t group, int c, double mean, double squares, int64_t rows) const
    {
        stats[(2 * group + 0) * C + c] = (float)mean;
        stats[(2 * group + 1) * C + c] = (float)(squares / (double)rows);
    }
};

gd_columns columns_of(const gd_problem *problem)
{
    const gd_bn_stats_params *p = (const gd_bn_stats_params *)problem->params;
    const gd_bn_sizes z = gd_bn_sizes_of(problem->desc[BN_STATS_X], p->group);
    return gd_columns_of(z.rows, z.group_rows, z.C);
}

struct update_arguments {
    const float *stats;
    float *running;
    gd_bn_sizes z;
    double momentum;
};

__global__ void update_kernel(update_arguments u, const gd_tally *tally)
{
    int64_t c = (int64_t)blockIdx.x * blockDim.x + threadIdx.x;
    if (c >= u.z.C || tally->skip)
        return;
    double mean = 0, variance = 0;
    for (int64_t g = 0; g < u.z.groups; g++) {
        int64_t left = u.z.rows - g * u.z.group_rows;
        double rows = (double)(left < u.z.group_rows ? left : u.z.group_rows), share = rows / (double)u.z.rows;
        mean += share * (double)u.stats[2 * g * u.z.C + c];
        variance += share * (double)u.stats[(2 * g + 1) * u.z.C + c] * (rows > 1 ? rows / (rows - 1) : 1);
    }
    u.running[c] = (float)((1 - u.momentum) * (double)u.running[c] + u.momentum * mean);
    u.running[u.z.C + c] = (float)((1 - u.momentum) * (double)u.running[u.z.C + c] + u.momentum * variance);
}

} // namespace

gd_status gd_bn_stats_fwd_simt_prepare(const gd_problem *problem, int, gd_needs *needs, gd_error *)
{
    needs->work_bytes = gd_columns_work(columns_of(problem));
    return GD_OK;
}

gd_status gd_bn_stats_fwd_simt(const gd_call *call, const gd_ctx *ctx)
{
    const gd_columns z = columns_of(call->problem);
    GD_WITH_TYPE(call->problem->desc[BN_STATS_X].type, T,
                 return gd_columns_run(
                     ctx, z, moments<T>{(const T *)call->at[BN_STATS_X], (float *)call->at[BN_STATS_STATS], z.C},
                     call->at[GD_WORK]));
}

gd_status gd_bn_stats_update_simt(const gd_call *call, const gd_ctx *ctx)
{
    enum { THREADS = 128 };
    const gd_bn_stats_params *p = (const gd_bn_stats_params *)call->problem->params;
    const gd_bn_sizes z = gd_bn_sizes_of(call->problem->desc[BN_STATS_X], p->group);
    update_arguments u = {(const float *)call->at[BN_STATS_STATS], (float *)call->at[BN_STATS_RUNNING], z, p->momentum};
    return gd_launched(GD_LAUNCH(update_kernel, (unsigned)gd_ceil(z.C, THREADS), THREADS, 0, gd_stream_of(ctx), u,
                                 (const gd_tally *)ctx->tally));
}
