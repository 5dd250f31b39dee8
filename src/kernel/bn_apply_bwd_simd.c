// SPDX-License-Identifier: Apache-2.0
/* Two passes over x, y and dy: sums per group, then dx = a dz + b x + c with a, b, c per group and channel:
 *
 *     a = gamma rstd     b = -a rstd sum_dz_xhat / M     c = -a sum_dz / M - b mean
 */
#include "base/parallel.h"
#include "kernel/bn_apply.h"
#include "kernel/bn_tiles.h"
#include "kernel/variant.h"

#include <string.h>
#include <tgmath.h>

typedef struct backward_run {
    gd_bn_tiles t;
    const store_t *x, *y, *dy; /* y NULL: no activation */
    store_t *dx, *dresidual;   /* either may be NULL */
    const real *stats;
    real *partial; /* (tiles, 2, C): sum dz, sum dz (x - mean) */
    real *factors; /* (G, 3, width): a, b, c */
} backward_run;

static backward_run run_of(const gd_call *call)
{
    const gd_bn_apply_params *p = call->problem->params;
    return (backward_run){
        .t = gd_bn_tiles_of(gd_bn_apply_sizes_of(call->problem)),
        .x = call->at[BN_APPLY_X],
        .y = p->activation == GD_ACTIVATION_RELU ? call->at[BN_APPLY_Y] : NULL,
        .dy = call->at[BN_APPLY_DY],
        .dx = call->at[BN_APPLY_DX],
        .dresidual = call->at[BN_APPLY_DRESIDUAL],
        .stats = call->at[BN_APPLY_STATS],
    };
}

/* sum_dz[i] += dz, sum_dz_x[i] += dz (x - mean[i]) over rows that are `step` apart. */
static inline void add(real *restrict sum_dz, real *restrict sum_dz_x, const store_t *restrict x,
                       const store_t *restrict y, const store_t *restrict dy, const real *restrict mean, int64_t width,
                       int64_t step, int64_t rows)
{
    for (int64_t r = 0; r < rows; r++) {
        for (int64_t i = 0; i < width; i++) {
            real dz = !y || load(y[r * step + i]) > 0 ? load(dy[r * step + i]) : 0;
            sum_dz[i] += dz;
            sum_dz_x[i] += dz * (load(x[r * step + i]) - mean[i]);
        }
    }
}

/* As in bn_stats_simd.c: `width` channels, or `fold` times C of them, of the tile that begins at element `at`. */
static void strip(const backward_run *run, int64_t at, int64_t rows, int64_t width, const real *mean, real *sum_dz,
                  real *sum_dz_x)
{
    const int64_t fold = run->t.fold, step = run->t.width, channels = width / fold;
    const int64_t tail = at + rows / fold * step;
    const store_t *x = run->x, *y = run->y, *dy = run->dy;
    real wide_dz[GD_BN_WIDE] = {0}, wide_dz_x[GD_BN_WIDE] = {0}, means[GD_BN_WIDE] = {0};
    for (int64_t f = 0; f < fold; f++)
        memcpy(means + f * channels, mean, (size_t)channels * sizeof(real));
    add(wide_dz, wide_dz_x, x + at, y ? y + at : NULL, dy + at, means, width, step, rows / fold);
    add(wide_dz, wide_dz_x, x + tail, y ? y + tail : NULL, dy + tail, means, rows % fold * channels, step, 1);
    for (int64_t c = 0; c < channels; c++) {
        sum_dz[c] = sum_dz_x[c] = 0;
        for (int64_t f = 0; f < fold; f++) {
            sum_dz[c] += wide_dz[f * channels + c];
            sum_dz_x[c] += wide_dz_x[f * channels + c];
        }
    }
}

static void sum_tiles(void *argument, int64_t begin, int64_t end)
{
    const backward_run *run = argument;
    const int64_t C = run->t.z.C;
    for (int64_t i = begin; i < end; i++) {
        const gd_bn_tile tile = gd_bn_tile_at(&run->t, i);
        const real *mean = run->stats + tile.group * 2 * C;
        real *sum = run->partial + i * 2 * C;
        for (int64_t c = 0; c < C; c += GD_BN_WIDE) {
            int64_t width = C <= GD_BN_WIDE ? run->t.width : C - c < GD_BN_WIDE ? C - c : GD_BN_WIDE;
            strip(run, tile.first * C + c, tile.rows, width, mean + c, sum + c, sum + C + c);
        }
    }
}

gd_status GD_NAME(gd_bn_apply_bwd_weight)(const gd_call *call, const gd_ctx *ctx)
{
    const gd_bn_apply_params *p = call->problem->params;
    backward_run run = run_of(call);
    const int64_t C = run.t.z.C, groups = run.t.z.groups;
    double *totals = call->at[GD_WORK];
    real *sums = call->at[BN_APPLY_SUMS], *dgamma = call->at[BN_APPLY_DGAMMA], *dbeta = call->at[BN_APPLY_DBETA];
    run.partial = (real *)((char *)call->at[GD_WORK] + gd_bn_totals_bytes(&run.t));

    gd_parallel_for(ctx->threads, run.t.n, 1, sum_tiles, &run);
    memset(totals, 0, gd_bn_totals_bytes(&run.t));
    for (int64_t t = 0; t < run.t.n; t++) {
        double *restrict total = totals + t / run.t.per_group * 2 * C;
        const real *restrict partial = run.partial + t * 2 * C;
        for (int64_t i = 0; i < 2 * C; i++)
            total[i] += partial[i];
    }
    for (int64_t g = 0; g < groups; g++) {
        double *restrict sum_dz = totals + g * 2 * C, *restrict sum_dz_xhat = sum_dz + C;
        const real *variance = run.stats + (2 * g + 1) * C;
        for (int64_t c = 0; c < C; c++) {
            sum_dz_xhat[c] /= sqrt(variance[c] + (real)p->epsilon);
            sums[(2 * g + 0) * C + c] = (real)sum_dz[c];
            sums[(2 * g + 1) * C + c] = (real)sum_dz_xhat[c];
        }
    }
    for (int64_t c = 0; c < C; c++) {
        double all_dz = 0, all_dz_xhat = 0;
        for (int64_t g = 0; g < groups; g++) {
            all_dz += totals[2 * g * C + c];
            all_dz_xhat += totals[(2 * g + 1) * C + c];
        }
        dbeta[c] = (real)all_dz;
        dgamma[c] = (real)all_dz_xhat;
    }
    return GD_OK;
}

static void factors_of(const gd_call *call, const backward_run *run)
{
    const gd_bn_apply_params *p = call->problem->params;
    const int64_t C = run->t.z.C, width = run->t.width;
    const real *gamma = call->at[BN_APPLY_GAMMA], *sums = call->at[BN_APPLY_SUMS];
    for (int64_t g = 0; g < run->t.z.groups; g++) {
        const real *mean = run->stats + g * 2 * C, *variance = mean + C;
        const real *sum_dz = sums + g * 2 * C, *sum_dz_xhat = sum_dz + C;
        const real M = (real)gd_bn_rows_of(run->t.z, g);
        real *restrict a = run->factors + g * 3 * width, *restrict b = a + width, *restrict c = b + width;
        for (int64_t i = 0; i < C; i++) {
            real rstd = 1 / sqrt(variance[i] + (real)p->epsilon);
            a[i] = gamma[i] * rstd;
            b[i] = -a[i] * rstd * (sum_dz_xhat[i] / M);
            c[i] = -a[i] * (sum_dz[i] / M) - b[i] * mean[i];
        }
        for (int64_t i = C; i < width; i++) {
            a[i] = a[i - C];
            b[i] = b[i - C];
            c[i] = c[i - C];
        }
    }
}

static inline void data_row(store_t *restrict dx, store_t *restrict dresidual, const store_t *restrict x,
                            const store_t *restrict y, const store_t *restrict dy, const real *restrict factors,
                            int64_t width, int64_t n)
{
    const real *restrict a = factors, *restrict b = a + width, *restrict c = b + width;
    for (int64_t i = 0; i < n; i++) {
        real dz = !y || load(y[i]) > 0 ? load(dy[i]) : 0;
        if (dx)
            dx[i] = store(a[i] * dz + (b[i] * load(x[i]) + c[i]));
        if (dresidual)
            dresidual[i] = store(dz);
    }
}

static void data_tiles(void *argument, int64_t begin, int64_t end)
{
    const backward_run *run = argument;
    const int64_t width = run->t.width;
    for (int64_t i = begin; i < end; i++) {
        const gd_bn_tile tile = gd_bn_tile_at(&run->t, i);
        const int64_t last = (tile.first + tile.rows) * run->t.z.C;
        for (int64_t at = tile.first * run->t.z.C; at < last; at += width)
            data_row(run->dx ? run->dx + at : NULL, run->dresidual ? run->dresidual + at : NULL, run->x + at,
                     run->y ? run->y + at : NULL, run->dy + at, run->factors + tile.group * 3 * width, width,
                     last - at < width ? last - at : width);
    }
}

gd_status GD_NAME(gd_bn_apply_bwd_data)(const gd_call *call, const gd_ctx *ctx)
{
    backward_run run = run_of(call);
    run.factors = call->at[GD_WORK];
    factors_of(call, &run);
    gd_parallel_for(ctx->threads, run.t.n, 1, data_tiles, &run);
    return GD_OK;
}
