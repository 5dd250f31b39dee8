// SPDX-License-Identifier: Apache-2.0
#include "block.cuh"
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
        double apart = mean2 - mean, share = n2 / (n + n2);
        mean += apart * share;
        squares += squares2 + apart * apart * (n * share);
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

struct mean_of_groups {
    const float *stats;
    float *drunning;
    gd_bn_sizes z;
    double image_rows;
    bool everything; /* the group is the batch of all ranks */
    const gd_record *record;

    __device__ void operator()(int64_t c) const
    {
        double mean = 0, variance = 0, all_rows = image_rows * record->batch;
        for (int64_t g = 0; g < z.groups; g++) {
            int64_t left = z.rows - g * z.group_rows;
            double rows = (double)(left < z.group_rows ? left : z.group_rows), share = rows / all_rows;
            mean += share * (double)stats[2 * g * z.C + c];
            double whole = everything ? all_rows : rows;
            variance += share * (double)stats[(2 * g + 1) * z.C + c] * (whole > 1 ? whole / (whole - 1) : 1);
        }
        drunning[c] = (float)mean;
        drunning[z.C + c] = (float)variance;
    }
};

struct moving_mean {
    const float *drunning;
    float *running;
    double momentum;
    const gd_tally *tally;

    __device__ void operator()(int64_t i) const
    {
        if (!tally->skip)
            running[i] = (float)((1 - momentum) * (double)running[i] + momentum * (double)drunning[i]);
    }
};

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

gd_status gd_bn_stats_bwd_weight_simt(const gd_call *call, const gd_ctx *ctx)
{
    const gd_bn_stats_params *p = (const gd_bn_stats_params *)call->problem->params;
    const gd_desc x = call->problem->desc[BN_STATS_X];
    const gd_bn_sizes z = gd_bn_sizes_of(x, p->group);
    const mean_of_groups mean = {(const float *)call->at[BN_STATS_STATS],
                                 (float *)call->at[BN_STATS_DRUNNING],
                                 z,
                                 (double)z.rows / (double)x.dim[0],
                                 p->group == 0,
                                 ctx->record};
    return gd_block_each(ctx, z.C, mean);
}

gd_status gd_bn_stats_update_simt(const gd_call *call, const gd_ctx *ctx)
{
    const gd_bn_stats_params *p = (const gd_bn_stats_params *)call->problem->params;
    const moving_mean mean = {(const float *)call->at[BN_STATS_DRUNNING], (float *)call->at[BN_STATS_RUNNING],
                              p->momentum, ctx->tally};
    return gd_block_each(ctx, gd_desc_count(call->problem->desc[BN_STATS_RUNNING]), mean);
}
