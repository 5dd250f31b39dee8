// SPDX-License-Identifier: Apache-2.0
/* Row by row: what the draw moves is moved as bytes into a line, which one loop then makes into numbers. */
#include "base/parallel.h"
#include "kernel/augment.h"
#include "kernel/variant.h"

#include <string.h>

typedef struct augment_run {
    const gd_call *call;
    int64_t H, W, C;
    const real *mean, *inverse; /* (W, C): of every element of a row */
    uint8_t *lines;             /* (N, W, C) */
} augment_run;

/* Columns [first, last) of the output come from inside the image. */
typedef struct inside {
    int64_t first, last;
} inside;

static inside columns_inside(int64_t dx, int64_t W)
{
    int64_t first = dx < 0 ? -dx : 0, last = dx < 0 ? W : W - dx;
    first = first < W ? first : W;
    return (inside){first, last > first ? last : first};
}

static void reverse(uint8_t *restrict to, const uint8_t *restrict from, int64_t n, int64_t C)
{
    if (C == 1) {
        for (int64_t w = 0; w < n; w++)
            to[w] = from[n - 1 - w];
        return;
    }
    for (int64_t w = 0; w < n; w++) {
        for (int64_t c = 0; c < C; c++)
            to[w * C + c] = from[(n - 1 - w) * C + c];
    }
}

/* Columns [first, last) of a line that come from outside: a reflection, or anything where the edge is filled later. */
static void fill_outside(const augment_run *run, uint8_t *line, const uint8_t *x, const gd_draw *d, int64_t first,
                         int64_t last)
{
    const int64_t W = run->W, C = run->C;
    for (int64_t w = first; w < last; w++) {
        int64_t from = gd_augment_source(w + d->dx, W, GD_EDGE_REFLECT);
        memcpy(line + w * C, x + (d->flip ? W - 1 - from : from) * C, (size_t)C);
    }
}

/* A row of the image as drawn; x itself where nothing moves. */
static const uint8_t *fill_line(const augment_run *run, uint8_t *line, const uint8_t *x, const gd_draw *d, inside in)
{
    const int64_t W = run->W, C = run->C, n = in.last - in.first;
    if (d->dx == 0 && !d->flip)
        return x;
    fill_outside(run, line, x, d, 0, in.first);
    if (d->flip)
        reverse(line + in.first * C, x + (W - in.last - d->dx) * C, n, C);
    else if (n > 0)
        memcpy(line + in.first * C, x + (in.first + d->dx) * C, (size_t)(n * C));
    fill_outside(run, line, x, d, in.last, W);
    return line;
}

static void convert(store_t *restrict y, const uint8_t *restrict x, const real *restrict mean,
                    const real *restrict inverse, real contrast, real brightness, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        y[i] = store(((real)x[i] * contrast + brightness - mean[i]) * inverse[i]);
}

/* What a pixel outside the image becomes: its mean, tinted. */
static void fill_edge(const augment_run *run, store_t *y, const gd_draw *d, int64_t first, int64_t last)
{
    for (int64_t i = first * run->C; i < last * run->C; i++)
        y[i] = store((run->mean[i] * d->contrast + d->brightness - run->mean[i]) * run->inverse[i]);
}

static void fill_cut(const augment_run *run, store_t *y, const gd_draw *d)
{
    int64_t first = d->cut_x > 0 ? d->cut_x : 0, last = (int64_t)d->cut_x + d->cut_side;
    for (int64_t i = first * run->C; i < (last < run->W ? last : run->W) * run->C; i++)
        y[i] = store(0);
}

static void images(void *argument, int64_t begin, int64_t end)
{
    const augment_run *run = argument;
    const gd_augment_params *p = run->call->problem->params;
    const gd_draw *draws = run->call->at[AUGMENT_DRAWS], none = {.contrast = 1};
    const int64_t H = run->H, row = run->W * run->C;
    for (int64_t n = begin; n < end; n++) {
        const gd_draw *d = draws ? &draws[n] : &none;
        const uint8_t *x = (const uint8_t *)run->call->at[AUGMENT_X] + n * H * row;
        const inside in = columns_inside(d->dx, run->W);
        for (int64_t h = 0; h < H; h++) {
            store_t *y = (store_t *)run->call->at[AUGMENT_Y] + (n * H + h) * row;
            int64_t from = gd_augment_source(h + d->dy, H, p->edge);
            if (from < 0) {
                fill_edge(run, y, d, 0, run->W);
            } else {
                const uint8_t *line = fill_line(run, run->lines + n * row, x + from * row, d, in);
                convert(y, line, run->mean, run->inverse, d->contrast, d->brightness, row);
                if (p->edge == GD_EDGE_ZERO) {
                    fill_edge(run, y, d, 0, in.first);
                    fill_edge(run, y, d, in.last, run->W);
                }
            }
            if (h >= d->cut_y && h < d->cut_y + d->cut_side)
                fill_cut(run, y, d);
        }
    }
}

gd_status GD_NAME(gd_augment_fwd)(const gd_call *call, const gd_ctx *ctx)
{
    const gd_augment_params *p = call->problem->params;
    const int64_t *dim = call->problem->desc[AUGMENT_X].dim, row = dim[2] * dim[3];
    real *mean = call->at[GD_WORK], *inverse = mean + row;
    for (int64_t i = 0; i < row; i++) {
        mean[i] = (real)gd_augment_channel(p->mean, i % dim[3]);
        inverse[i] = (real)(1 / gd_augment_channel(p->deviation, i % dim[3]));
    }
    augment_run run = {call, dim[1], dim[2], dim[3], mean, inverse, (uint8_t *)(inverse + row)};
    gd_parallel_for(ctx->threads, dim[0], 1, images, &run);
    return GD_OK;
}
