// SPDX-License-Identifier: Apache-2.0
/* y = act(scale x + shift + residual), scale and shift per group and channel made beforehand and laid out as a wide
 * row: one pass, as fast as memory. */
#include "base/parallel.h"
#include "kernel/bn_apply.h"
#include "kernel/bn_loops.h"
#include "kernel/variant.h"

#include <tgmath.h>

/* ---- the loop ---- */

static void row(void *to, const void *from, const void *add, const real *restrict scale, const real *restrict shift,
                bool relu, int64_t n)
{
    store_t *restrict y = to;
    const store_t *restrict x = from, *restrict residual = add;
    for (int64_t i = 0; i < n; i++) {
        real sum = load(x[i]) * scale[i] + shift[i];
        if (residual)
            sum += load(residual[i]);
        y[i] = store(relu && sum <= 0 ? 0 : sum);
    }
}

/* ---- what calls it ---- */

typedef struct apply_run {
    gd_bn_tiles t;
    const gd_bn_apply_loops *loops;
    const store_t *x, *residual;
    store_t *y;
    const real *factors; /* (G, 2, pitch): scale, shift */
    bool relu;
} apply_run;

static void make_factors(const gd_call *call, const gd_bn_tiles *t, bool pairs)
{
    const gd_bn_apply_params *p = call->problem->params;
    const int64_t C = t->z.C;
    const real *gamma = call->at[BN_APPLY_GAMMA], *beta = call->at[BN_APPLY_BETA];
    const real *stats = call->at[BN_APPLY_STATS] ? call->at[BN_APPLY_STATS] : call->at[BN_APPLY_RUNNING];
    for (int64_t g = 0; g < t->z.groups; g++) {
        const real *mean = stats + g * 2 * C, *variance = mean + C;
        real *scale = (real *)call->at[GD_WORK] + g * 2 * t->pitch, *shift = scale + t->pitch;
        for (int64_t c = 0; c < C; c++) {
            real factor = gamma[c] / sqrt(variance[c] + (real)p->epsilon);
            for (int64_t i = c; i < t->width; i += C) {
                scale[gd_bn_place(pairs, i)] = factor;
                shift[gd_bn_place(pairs, i)] = beta[c] - mean[c] * factor;
            }
        }
    }
}

static void tiles(void *argument, int64_t begin, int64_t end)
{
    const apply_run *run = argument;
    const int64_t width = run->t.width;
    for (int64_t i = begin; i < end; i++) {
        const gd_bn_tile tile = gd_bn_tile_at(&run->t, i);
        const real *scale = run->factors + tile.group * 2 * run->t.pitch, *shift = scale + run->t.pitch;
        const int64_t last = (tile.first + tile.rows) * run->t.z.C;
        for (int64_t at = tile.first * run->t.z.C; at < last; at += width)
            run->loops->row(run->y + at, run->x + at, run->residual ? run->residual + at : NULL, scale, shift,
                            run->relu, last - at < width ? last - at : width);
    }
}

gd_status GD_NAME(gd_bn_apply_fwd_by)(const gd_call *call, const gd_ctx *ctx, const gd_bn_apply_loops *loops)
{
    const gd_bn_apply_params *p = call->problem->params;
    apply_run run = {
        .t = gd_bn_tiles_of(gd_bn_apply_sizes_of(call->problem)),
        .loops = loops,
        .x = call->at[BN_APPLY_X],
        .residual = call->at[BN_APPLY_RESIDUAL],
        .y = call->at[BN_APPLY_Y],
        .factors = call->at[GD_WORK],
        .relu = p->activation == GD_ACTIVATION_RELU,
    };
    make_factors(call, &run.t, loops->pairs);
    gd_parallel_for(ctx->threads, run.t.n, 1, tiles, &run);
    return GD_OK;
}

gd_status GD_NAME(gd_bn_apply_fwd)(const gd_call *call, const gd_ctx *ctx)
{
    static const gd_bn_apply_loops loops = {false, row};
    return GD_NAME(gd_bn_apply_fwd_by)(call, ctx, &loops);
}
