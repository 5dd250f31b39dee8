// SPDX-License-Identifier: Apache-2.0
/* y = act(scale x + shift + residual), scale and shift per group and channel made beforehand and laid out as a wide
 * row: one pass, as fast as memory. */
#include "base/parallel.h"
#include "kernel/bn_apply.h"
#include "kernel/bn_tiles.h"
#include "kernel/variant.h"

#include <tgmath.h>

typedef struct apply_run {
    gd_bn_tiles t;
    const store_t *x, *residual;
    store_t *y;
    const real *factors; /* (G, 2, width): scale, shift */
    bool relu;
} apply_run;

static void factors_of(const gd_call *call, const gd_bn_tiles *t)
{
    const gd_bn_apply_params *p = call->problem->params;
    const int64_t C = t->z.C;
    const real *gamma = call->at[BN_APPLY_GAMMA], *beta = call->at[BN_APPLY_BETA];
    const real *stats = call->at[BN_APPLY_STATS] ? call->at[BN_APPLY_STATS] : call->at[BN_APPLY_RUNNING];
    for (int64_t g = 0; g < t->z.groups; g++) {
        const real *mean = stats + g * 2 * C, *variance = mean + C;
        real *restrict scale = (real *)call->at[GD_WORK] + g * 2 * t->width, *restrict shift = scale + t->width;
        for (int64_t c = 0; c < C; c++) {
            scale[c] = gamma[c] / sqrt(variance[c] + (real)p->epsilon);
            shift[c] = beta[c] - mean[c] * scale[c];
        }
        for (int64_t i = C; i < t->width; i++) {
            scale[i] = scale[i - C];
            shift[i] = shift[i - C];
        }
    }
}

static inline void row(store_t *restrict y, const store_t *restrict x, const store_t *restrict residual,
                       const real *restrict scale, const real *restrict shift, int64_t n, bool relu)
{
    for (int64_t i = 0; i < n; i++) {
        real sum = load(x[i]) * scale[i] + shift[i];
        if (residual)
            sum += load(residual[i]);
        y[i] = store(relu && sum <= 0 ? 0 : sum);
    }
}

static void tiles(void *argument, int64_t begin, int64_t end)
{
    const apply_run *run = argument;
    const int64_t width = run->t.width;
    for (int64_t i = begin; i < end; i++) {
        const gd_bn_tile tile = gd_bn_tile_at(&run->t, i);
        const real *scale = run->factors + tile.group * 2 * width, *shift = scale + width;
        const int64_t last = (tile.first + tile.rows) * run->t.z.C;
        for (int64_t at = tile.first * run->t.z.C; at < last; at += width)
            row(run->y + at, run->x + at, run->residual ? run->residual + at : NULL, scale, shift,
                last - at < width ? last - at : width, run->relu);
    }
}

gd_status GD_NAME(gd_bn_apply_fwd)(const gd_call *call, const gd_ctx *ctx)
{
    const gd_bn_apply_params *p = call->problem->params;
    apply_run run = {
        .t = gd_bn_tiles_of(gd_bn_apply_sizes_of(call->problem)),
        .x = call->at[BN_APPLY_X],
        .residual = call->at[BN_APPLY_RESIDUAL],
        .y = call->at[BN_APPLY_Y],
        .factors = call->at[GD_WORK],
        .relu = p->activation == GD_ACTIVATION_RELU,
    };
    factors_of(call, &run.t);
    gd_parallel_for(ctx->threads, run.t.n, 1, tiles, &run);
    return GD_OK;
}
