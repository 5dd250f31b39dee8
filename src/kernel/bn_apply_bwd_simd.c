// SPDX-License-Identifier: Apache-2.0
/* Two passes over x, y and dy: sums per group, then dx = a dz + b x + c with a, b, c per group and channel:
 *
 *     a = gamma rstd     b = -a rstd sum_dz_xhat / M     c = -a sum_dz / M - b mean
 */
#include "base/parallel.h"
#include "kernel/bn_apply.h"
#include "kernel/bn_loops.h"
#include "kernel/variant.h"

#include <string.h>
#include <tgmath.h>

/* ---- the loops ---- */

/* The gradient before the activation. `relu` is a constant where these are used: a choice inside the loop would not be
 * vectorised, or would read y at NULL under a mask, which is slow. */
static inline store_t dz_at(const store_t *restrict y, const store_t *restrict dy, bool relu, int64_t i)
{
    return relu ? keep(dy[i], load(y[i]) > 0) : dy[i];
}

static inline void add_rows(real *restrict sum_dz, real *restrict sum_dz_x, const store_t *restrict x,
                            const store_t *restrict y, const store_t *restrict dy, const real *restrict mean, bool relu,
                            int64_t width, int64_t step, int64_t rows)
{
    int64_t r = 0;
    for (; r + 2 <= rows; r += 2) {
        for (int64_t i = r * step, j = 0; j < width; i++, j++) {
            real a = load(dz_at(y, dy, relu, i)), b = load(dz_at(y, dy, relu, i + step));
            sum_dz[j] += a + b;
            sum_dz_x[j] += a * (load(x[i]) - mean[j]) + b * (load(x[i + step]) - mean[j]);
        }
    }
    for (; r < rows; r++) {
        for (int64_t i = r * step, j = 0; j < width; i++, j++) {
            real a = load(dz_at(y, dy, relu, i));
            sum_dz[j] += a;
            sum_dz_x[j] += a * (load(x[i]) - mean[j]);
        }
    }
}

static void add(real *sum_dz, real *sum_dz_x, const void *x, const void *y, const void *dy, const real *mean,
                int64_t width, int64_t step, int64_t rows)
{
    if (y)
        add_rows(sum_dz, sum_dz_x, x, y, dy, mean, true, width, step, rows);
    else
        add_rows(sum_dz, sum_dz_x, x, y, dy, mean, false, width, step, rows);
}

static inline void data_row(store_t *restrict dx, store_t *restrict dresidual, const store_t *restrict x,
                            const store_t *restrict y, const store_t *restrict dy, const real *restrict a,
                            const real *restrict b, const real *restrict c, bool relu, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        store_t dz = dz_at(y, dy, relu, i);
        if (dx)
            dx[i] = store(a[i] * load(dz) + (b[i] * load(x[i]) + c[i]));
        if (dresidual)
            dresidual[i] = dz;
    }
}

static void row(void *dx, void *dresidual, const void *x, const void *y, const void *dy, const real *a, const real *b,
                const real *c, int64_t n)
{
    if (y)
        data_row(dx, dresidual, x, y, dy, a, b, c, true, n);
    else
        data_row(dx, dresidual, x, y, dy, a, b, c, false, n);
}

/* ---- what calls them ---- */

typedef struct backward_run {
    gd_bn_tiles t;
    const gd_bn_backward_loops *loops;
    const store_t *x, *y, *dy; /* y NULL: no activation */
    store_t *dx, *dresidual;   /* either may be NULL */
    const real *stats;
    real *partial; /* (tiles, 2, C): sum dz, sum dz (x - mean) */
    real *factors; /* (G, 3, pitch): a, b, c */
} backward_run;

static backward_run run_of(const gd_call *call, const gd_bn_backward_loops *loops)
{
    const gd_bn_apply_params *p = call->problem->params;
    return (backward_run){
        .t = gd_bn_tiles_of(gd_bn_apply_sizes_of(call->problem)),
        .loops = loops,
        .x = call->at[BN_APPLY_X],
        .y = p->activation == GD_ACTIVATION_RELU ? call->at[BN_APPLY_Y] : NULL,
        .dy = call->at[BN_APPLY_DY],
        .dx = call->at[BN_APPLY_DX],
        .dresidual = call->at[BN_APPLY_DRESIDUAL],
        .stats = call->at[BN_APPLY_STATS],
    };
}

/* As in bn_stats_simd.c: `width` elements of each wide row of the tile that begins at element `at`. */
static void strip(const backward_run *run, int64_t at, int64_t rows, int64_t width, const real *mean, real *sum_dz,
                  real *sum_dz_x)
{
    const gd_bn_backward_loops *loops = run->loops;
    const int64_t fold = run->t.fold, step = run->t.width, C = width / fold, tail = at + rows / fold * step;
    const store_t *x = run->x, *y = run->y, *dy = run->dy;
    real wide_dz[GD_BN_WIDE] = {0}, wide_dz_x[GD_BN_WIDE] = {0}, means[GD_BN_WIDE] = {0};
    gd_bn_spread(loops->pairs, mean, fold, C, means);
    loops->add(wide_dz, wide_dz_x, x + at, y ? y + at : NULL, dy + at, means, width, step, rows / fold);
    loops->add(wide_dz, wide_dz_x, x + tail, y ? y + tail : NULL, dy + tail, means, rows % fold * C, step, 1);
    gd_bn_fold(loops->pairs, wide_dz, fold, C, sum_dz);
    gd_bn_fold(loops->pairs, wide_dz_x, fold, C, sum_dz_x);
}

static void sum_tiles(void *argument, int64_t begin, int64_t end)
{
    const backward_run *run = argument;
    const int64_t C = run->t.z.C;
    for (int64_t i = begin; i < end; i++) {
        const gd_bn_tile tile = gd_bn_tile_at(&run->t, i);
        const real *mean = run->stats + tile.group * 2 * C;
        real *sum = run->partial + i * 2 * C;
        for (int64_t c = 0; c < C; c += GD_BN_WIDE)
            strip(run, tile.first * C + c, tile.rows, gd_bn_strip_width(&run->t, c), mean + c, sum + c, sum + C + c);
    }
}

/* Tiles into groups, and these, in the units of xhat, into all. */
static void combine(const gd_call *call, const backward_run *run)
{
    const gd_bn_apply_params *p = call->problem->params;
    const int64_t C = run->t.z.C, groups = run->t.z.groups;
    double *totals = call->at[GD_WORK];
    real *sums = call->at[BN_APPLY_SUMS], *dgamma = call->at[BN_APPLY_DGAMMA], *dbeta = call->at[BN_APPLY_DBETA];
    memset(totals, 0, gd_bn_totals_bytes(&run->t));
    for (int64_t t = 0; t < run->t.n; t++) {
        double *restrict total = totals + t / run->t.per_group * 2 * C;
        const real *restrict partial = run->partial + t * 2 * C;
        for (int64_t i = 0; i < 2 * C; i++)
            total[i] += partial[i];
    }
    for (int64_t c = 0; c < C; c++) {
        double all_dz = 0, all_dz_xhat = 0;
        for (int64_t g = 0; g < groups; g++) {
            int64_t dz = 2 * g * C + c, dz_x = dz + C;
            double dz_xhat = totals[dz_x] / sqrt(run->stats[dz_x] + (real)p->epsilon);
            sums[dz] = (real)totals[dz];
            sums[dz_x] = (real)dz_xhat;
            all_dz += totals[dz];
            all_dz_xhat += dz_xhat;
        }
        dbeta[c] = (real)all_dz;
        dgamma[c] = (real)all_dz_xhat;
    }
}

gd_status GD_NAME(gd_bn_apply_bwd_weight_by)(const gd_call *call, const gd_ctx *ctx, const gd_bn_backward_loops *loops)
{
    backward_run run = run_of(call, loops);
    run.partial = (real *)((char *)call->at[GD_WORK] + gd_bn_totals_bytes(&run.t));
    gd_parallel_for(ctx->threads, run.t.n, 1, sum_tiles, &run);
    combine(call, &run);
    return GD_OK;
}

static void make_factors(const gd_call *call, const backward_run *run)
{
    const gd_bn_apply_params *p = call->problem->params;
    const int64_t C = run->t.z.C, width = run->t.width, pitch = run->t.pitch;
    const real *gamma = call->at[BN_APPLY_GAMMA], *sums = call->at[BN_APPLY_SUMS];
    for (int64_t g = 0; g < run->t.z.groups; g++) {
        const real *mean = run->stats + g * 2 * C, *variance = mean + C;
        const real *sum_dz = sums + g * 2 * C, *sum_dz_xhat = sum_dz + C;
        const real M = (real)gd_bn_rows_of(run->t.z, g);
        for (int64_t k = 0; k < C; k++) {
            real rstd = 1 / sqrt(variance[k] + (real)p->epsilon);
            real a = gamma[k] * rstd, b = -a * rstd * (sum_dz_xhat[k] / M), c = -a * (sum_dz[k] / M) - b * mean[k];
            for (int64_t i = k; i < width; i += C) {
                real *at = run->factors + g * 3 * pitch + gd_bn_place(run->loops->pairs, i);
                at[0] = a;
                at[pitch] = b;
                at[2 * pitch] = c;
            }
        }
    }
}

static void data_tiles(void *argument, int64_t begin, int64_t end)
{
    const backward_run *run = argument;
    const int64_t width = run->t.width, pitch = run->t.pitch;
    for (int64_t i = begin; i < end; i++) {
        const gd_bn_tile tile = gd_bn_tile_at(&run->t, i);
        const real *a = run->factors + tile.group * 3 * pitch, *b = a + pitch, *c = b + pitch;
        const int64_t last = (tile.first + tile.rows) * run->t.z.C;
        for (int64_t at = tile.first * run->t.z.C; at < last; at += width)
            run->loops->row(run->dx ? run->dx + at : NULL, run->dresidual ? run->dresidual + at : NULL, run->x + at,
                            run->y ? run->y + at : NULL, run->dy + at, a, b, c, last - at < width ? last - at : width);
    }
}

gd_status GD_NAME(gd_bn_apply_bwd_data_by)(const gd_call *call, const gd_ctx *ctx, const gd_bn_backward_loops *loops)
{
    backward_run run = run_of(call, loops);
    run.factors = call->at[GD_WORK];
    make_factors(call, &run);
    gd_parallel_for(ctx->threads, run.t.n, 1, data_tiles, &run);
    return GD_OK;
}

static const gd_bn_backward_loops plain = {false, add, row};

gd_status GD_NAME(gd_bn_apply_bwd_weight)(const gd_call *call, const gd_ctx *ctx)
{
    return GD_NAME(gd_bn_apply_bwd_weight_by)(call, ctx, &plain);
}

gd_status GD_NAME(gd_bn_apply_bwd_data)(const gd_call *call, const gd_ctx *ctx)
{
    return GD_NAME(gd_bn_apply_bwd_data_by)(call, ctx, &plain);
}
