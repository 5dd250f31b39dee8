// SPDX-License-Identifier: Apache-2.0
/* One pass over memory. A tile's sums are those of differences from a shift, the mean over the first quarter of its
 * rows: as these are part of the tile, its distance from the tile's mean is at most twice the deviation, and the
 * difference of squares below loses little, wherever the mean lies. Tiles are then combined by Chan's formula. */
#include "base/parallel.h"
#include "kernel/bn_loops.h"
#include "kernel/bn_stats.h"
#include "kernel/variant.h"

#include <string.h>

/* ---- the loops ---- */

static void add(real *restrict sum, const void *from, int64_t width, int64_t step, int64_t rows)
{
    const store_t *restrict x = from;
    for (; rows >= 4; rows -= 4, x += 4 * step) {
        for (int64_t i = 0; i < width; i++)
            sum[i] += (load(x[i]) + load(x[i + step])) + (load(x[i + 2 * step]) + load(x[i + 3 * step]));
    }
    for (; rows > 0; rows--, x += step) {
        for (int64_t i = 0; i < width; i++)
            sum[i] += load(x[i]);
    }
}

static void add_shifted(real *restrict sum, real *restrict squares, const void *from, const real *restrict shift,
                        int64_t width, int64_t step, int64_t rows)
{
    const store_t *restrict x = from;
    for (; rows >= 4; rows -= 4, x += 4 * step) {
        for (int64_t i = 0; i < width; i++) {
            real a = load(x[i]) - shift[i], b = load(x[i + step]) - shift[i];
            real c = load(x[i + 2 * step]) - shift[i], d = load(x[i + 3 * step]) - shift[i];
            sum[i] += (a + b) + (c + d);
            squares[i] += (a * a + b * b) + (c * c + d * d);
        }
    }
    for (; rows > 0; rows--, x += step) {
        for (int64_t i = 0; i < width; i++) {
            real a = load(x[i]) - shift[i];
            sum[i] += a;
            squares[i] += a * a;
        }
    }
}

/* ---- what calls them ---- */

typedef struct stats_run {
    gd_bn_tiles t;
    const gd_bn_stats_loops *loops;
    const store_t *x;
    real *partial; /* (tiles, 2, C): mean, sum of squares of differences from it */
} stats_run;

/* `width` elements of each wide row of a tile: `fold` times its channels. What remains of the last one is the tail. */
static void strip(const stats_run *run, const store_t *x, int64_t rows, int64_t width, real *mean, real *squares)
{
    const gd_bn_stats_loops *loops = run->loops;
    const int64_t fold = run->t.fold, step = run->t.width, C = width / fold;
    const store_t *tail = x + rows / fold * step;
    const int64_t wide_rows = rows / fold, sample = (wide_rows + 3) / 4;
    real sum[GD_BN_WIDE] = {0}, squared[GD_BN_WIDE] = {0}, shift[GD_BN_WIDE] = {0}, moved[GD_BN_WIDE] = {0};

    if (sample)
        loops->add(sum, x, width, step, sample);
    else
        loops->add(sum, tail, rows * C, step, 1);
    gd_bn_fold(loops->pairs, sum, fold, C, mean);
    for (int64_t c = 0; c < C; c++)
        mean[c] /= (real)(sample ? sample * fold : rows);
    gd_bn_spread(loops->pairs, mean, fold, C, shift);

    memset(sum, 0, sizeof sum);
    loops->add_shifted(sum, squared, x, shift, width, step, wide_rows);
    loops->add_shifted(sum, squared, tail, shift, rows % fold * C, step, 1);
    gd_bn_fold(loops->pairs, sum, fold, C, moved);
    gd_bn_fold(loops->pairs, squared, fold, C, squares);
    for (int64_t c = 0; c < C; c++) {
        real by = moved[c] / (real)rows, rest = squares[c] - moved[c] * by;
        mean[c] += by;
        squares[c] = rest < 0 ? 0 : rest; /* NaN passes */
    }
}

static void tiles(void *argument, int64_t begin, int64_t end)
{
    const stats_run *run = argument;
    const int64_t C = run->t.z.C;
    for (int64_t i = begin; i < end; i++) {
        const gd_bn_tile tile = gd_bn_tile_at(&run->t, i);
        real *mean = run->partial + i * 2 * C;
        for (int64_t c = 0; c < C && tile.rows; c += GD_BN_WIDE)
            strip(run, run->x + tile.first * C + c, tile.rows, gd_bn_strip_width(&run->t, c), mean + c, mean + C + c);
    }
}

/* mean = sum n_t mean_t / n;   variance = sum (squares_t + n_t (mean_t - mean)^2) / n */
static void combine(const stats_run *run, int64_t g, double *restrict total, real *restrict stats)
{
    const int64_t C = run->t.z.C, first = g * run->t.per_group, last = first + run->t.per_group;
    const double n = (double)gd_bn_rows_of(run->t.z, g);
    double *restrict mean = total, *restrict squares = total + C;
    memset(total, 0, (size_t)(2 * C) * sizeof(double));
    for (int64_t t = first; t < last; t++) {
        const double rows = (double)gd_bn_tile_at(&run->t, t).rows;
        const real *restrict mean_t = run->partial + t * 2 * C;
        for (int64_t c = 0; c < C && rows > 0; c++)
            mean[c] += rows / n * mean_t[c];
    }
    for (int64_t t = first; t < last; t++) {
        const double rows = (double)gd_bn_tile_at(&run->t, t).rows;
        const real *restrict mean_t = run->partial + t * 2 * C, *restrict squares_t = mean_t + C;
        for (int64_t c = 0; c < C && rows > 0; c++)
            squares[c] += squares_t[c] + rows * (mean_t[c] - mean[c]) * (mean_t[c] - mean[c]);
    }
    for (int64_t c = 0; c < C; c++) {
        stats[c] = (real)mean[c];
        stats[C + c] = (real)(squares[c] / n);
    }
}

gd_status GD_NAME(gd_bn_stats_fwd_by)(const gd_call *call, const gd_ctx *ctx, const gd_bn_stats_loops *loops)
{
    const gd_bn_stats_params *p = call->problem->params;
    stats_run run = {gd_bn_tiles_of(gd_bn_sizes_of(call->problem->desc[BN_STATS_X], p->group)), loops,
                     call->at[BN_STATS_X], NULL};
    const int64_t C = run.t.z.C;
    double *totals = call->at[GD_WORK];
    real *stats = call->at[BN_STATS_STATS];
    run.partial = (real *)((char *)call->at[GD_WORK] + gd_bn_totals_bytes(&run.t));

    gd_parallel_for(ctx->threads, run.t.n, 1, tiles, &run);
    for (int64_t g = 0; g < run.t.z.groups; g++)
        combine(&run, g, totals + g * 2 * C, stats + g * 2 * C);
    return GD_OK;
}

gd_status GD_NAME(gd_bn_stats_fwd)(const gd_call *call, const gd_ctx *ctx)
{
    static const gd_bn_stats_loops loops = {false, add, add_shifted};
    return GD_NAME(gd_bn_stats_fwd_by)(call, ctx, &loops);
}
