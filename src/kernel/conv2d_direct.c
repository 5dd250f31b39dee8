// SPDX-License-Identifier: Apache-2.0
#include "kernel/conv2d_direct.h"

#include "base/arena.h"
#include "base/parallel.h"

#include <stdio.h>
#include <stdlib.h>

/* Consecutive rows (or columns) of the output whose windows have the same taps inside the image. */
typedef struct band {
    int64_t begin, end;
    int64_t tap, taps; /* the first one inside, and how many */
} band;

/* `count` pixels of the rectangle where two bands meet, from its pixel `first` on (images, then rows, then columns). */
struct cut {
    const band *rows, *columns;
    int64_t first;
    int count;
};

typedef struct direct {
    gd_arena arena; /* of bands and cuts */
    const gd_conv2d_isa *isa;
    int64_t groups;
    int64_t images;         /* computed together: as many as stay in the cache */
    int64_t blocks, panels; /* of one group's filters */
    int64_t blocks_a_panel; /* 2 or 1 */
    bool tile_by_tile;      /* all panels of a tile before the next tile: the weights stay in the cache */
    int64_t n_cuts;
    struct cut *cuts;
} direct;

enum { CACHE = 512 * 1024 }; /* what may be expected to stay in a core's second-level cache */

static int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

static int64_t min(int64_t a, int64_t b) { return a < b ? a : b; }

/* Cuts `outputs` windows over `inputs` pixels into bands; returns how many. */
static int64_t cut_bands(const gd_conv2d_params *p, int64_t inputs, int64_t outputs, band *bands)
{
    int64_t n = 0;
    for (int64_t o = 0; o < outputs; o++) {
        int64_t start = o * p->stride - p->pad; /* of the window, in the image */
        int64_t tap = start < 0 ? ceil_div(-start, p->dilation) : 0;
        int64_t end = inputs > start ? min(ceil_div(inputs - start, p->dilation), p->kernel) : 0;
        int64_t taps = end > tap ? end - tap : 0;
        tap = taps ? tap : 0;
        if (n && bands[n - 1].tap == tap && bands[n - 1].taps == taps)
            bands[n - 1].end = o + 1;
        else
            bands[n++] = (band){o, o + 1, tap, taps};
    }
    return n;
}

/* Tiles of nearly equal size for every rectangle, in `cuts` unless that is NULL; returns how many. */
static int64_t cut_tiles(const direct *d, const band *rows, int64_t n_rows, const band *columns, int64_t n_columns,
                         int pixels, struct cut *cuts)
{
    int64_t n = 0;
    for (int64_t r = 0; r < n_rows; r++) {
        for (int64_t c = 0; c < n_columns; c++) {
            int64_t area = d->images * (rows[r].end - rows[r].begin) * (columns[c].end - columns[c].begin);
            int64_t tiles = ceil_div(area, pixels);
            for (int64_t i = 0; cuts && i < tiles; i++) {
                int64_t first = i * area / tiles;
                cuts[n + i] = (struct cut){&rows[r], &columns[c], first, (int)((i + 1) * area / tiles - first)};
            }
            n += tiles;
        }
    }
    return n;
}

/* (K,R,S,C/G) -> (G, ceil(K/G/16), R, S, C/G, 16) */
static gd_status pack(const void *state, void *to, const float *from, gd_desc desc, const gd_ctx *ctx)
{
    (void)ctx;
    const direct *d = state;
    const int64_t depth = desc.dim[1] * desc.dim[2] * desc.dim[3]; /* of one filter */
    const int64_t groups = d->groups, group_K = desc.dim[0] / groups;
    float *line = to;
    for (int64_t g = 0; g < groups; g++) {
        for (int64_t k = 0; k < group_K; k += CONV2D_BLOCK) {
            const float *w = from + (g * group_K + k) * depth;
            int64_t filters = min(group_K - k, CONV2D_BLOCK);
            for (int64_t i = 0; i < depth; i++, line += CONV2D_BLOCK) {
                for (int64_t lane = 0; lane < CONV2D_BLOCK; lane++)
                    line[lane] = lane < filters ? w[lane * depth + i] : 0;
            }
        }
    }
    return GD_OK;
}

void gd_conv2d_direct_release(void *state)
{
    direct *d = state;
    if (d) {
        gd_arena_release(&d->arena);
        free(d);
    }
}

/* As many images as divide the batch and keep input and output in the cache; at least one. */
static int64_t images_together(const gd_problem *problem)
{
    const int64_t N = problem->desc[CONV2D_X].dim[0];
    const int64_t bytes = (int64_t)(gd_desc_bytes(problem->desc[CONV2D_X]) + gd_desc_bytes(problem->desc[CONV2D_Y]));
    int64_t images = N;
    while (images > 1 && (N % images || bytes / N * images > CACHE))
        images--;
    return images;
}

/* Bands and tiles of a problem whose blocks and panels are known. */
static gd_status cut_output(direct *d, const gd_conv2d_params *p, const gd_conv2d_sizes *z)
{
    band *rows = gd_arena_alloc(&d->arena, (size_t)z->P, sizeof *rows);
    band *columns = gd_arena_alloc(&d->arena, (size_t)z->Q, sizeof *columns);
    if (!rows || !columns)
        return GD_NOMEM;
    int64_t n_rows = cut_bands(p, z->H, z->P, rows), n_columns = cut_bands(p, z->W, z->Q, columns);
    int pixels = d->blocks_a_panel == 2 ? d->isa->panel.pixels : d->isa->block.pixels;
    d->n_cuts = cut_tiles(d, rows, n_rows, columns, n_columns, pixels, NULL);
    d->cuts = gd_arena_alloc(&d->arena, (size_t)d->n_cuts, sizeof *d->cuts);
    if (!d->cuts)
        return GD_NOMEM;
    cut_tiles(d, rows, n_rows, columns, n_columns, pixels, d->cuts);
    return GD_OK;
}

gd_status gd_conv2d_direct_prepare(const gd_problem *problem, const gd_conv2d_isa *isa, gd_needs *needs,
                                   gd_error *error)
{
    const gd_conv2d_params *p = problem->params;
    const gd_conv2d_sizes z = gd_conv2d_sizes_of(problem);
    gd_pack *weights = &needs->pack[0];
    direct *d = calloc(1, sizeof *d);
    if (d) {
        d->isa = isa;
        d->groups = p->groups;
        d->images = images_together(problem);
        d->blocks = ceil_div(z.group_K, CONV2D_BLOCK);
        d->blocks_a_panel = isa->panel.pixels && d->blocks > 1 ? 2 : 1;
        d->panels = ceil_div(d->blocks, d->blocks_a_panel);
    }
    if (!d || cut_output(d, p, &z) != GD_OK) {
        gd_conv2d_direct_release(d);
        return gd_fail(error, GD_NOMEM, "out of memory for a convolution's plan");
    }
    *weights = (gd_pack){.packer = "k16", .type = GD_F32, .state = d, .run = pack};
    snprintf(weights->layout, sizeof weights->layout, "groups=%d", p->groups);
    weights->bytes = (size_t)(p->groups * d->blocks * z.R * z.S * z.group_C) * CONV2D_BLOCK * sizeof(float);
    d->tile_by_tile = weights->bytes <= CACHE;
    needs->state = d;
    return GD_OK;
}

/* One run of the entry, and what it takes from the problem. */
struct job {
    const gd_call *call;
    const direct *direct;
    const gd_conv2d_params *params;
    gd_conv2d_sizes size;
};

/* Finds the pixels of a cut: where they read and write, and which taps they see. */
static void place(const struct job *job, const struct cut *cut, int64_t image, int64_t group, gd_conv2d_tile *tile)
{
    const gd_conv2d_params *p = job->params;
    const gd_conv2d_sizes *z = &job->size;
    const band *rows = cut->rows, *columns = cut->columns;
    const bool joined = p->dilation == 1 && p->groups == 1; /* the taps of a row lie side by side */
    tile->rows = columns->taps ? (int)rows->taps : 0;
    tile->runs = joined ? 1 : (int)columns->taps;
    tile->length = joined ? columns->taps * z->C : z->group_C;
    tile->x_row = p->dilation * z->W * z->C;
    tile->x_run = p->dilation * z->C;

    const float *x = (const float *)job->call->at[CONV2D_X] + group * z->group_C;
    const int64_t height = rows->end - rows->begin, width = columns->end - columns->begin;
    const int64_t h0 = rows->tap * p->dilation - p->pad, w0 = columns->tap * p->dilation - p->pad;
    int64_t n = image + cut->first / width / height, row = cut->first / width % height, column = cut->first % width;
    for (int m = 0; m < cut->count; column = 0) { /* a row of the rectangle, or what the cut has of it */
        int64_t at_p = rows->begin + row, at_q = columns->begin + column;
        int64_t at_x = ((n * z->H + at_p * p->stride + h0) * z->W + at_q * p->stride + w0) * z->C;
        int64_t at_y = ((n * z->P + at_p) * z->Q + at_q) * z->K;
        for (; column < width && m < cut->count; column++, m++) {
            tile->x[m] = tile->rows ? x + at_x : x;
            tile->y[m] = at_y;
            at_x += p->stride * z->C;
            at_y += z->K;
        }
        if (++row == height) {
            row = 0;
            n++;
        }
    }
}

/* Tiles [begin, end) of all images and panels. */
static void compute(void *argument, int64_t begin, int64_t end)
{
    const struct job *job = argument;
    const direct *d = job->direct;
    const gd_conv2d_sizes *z = &job->size;
    const int64_t groups = job->params->groups, panels = groups * d->panels;
    const float *w = job->call->at[CONV2D_W], *b = job->call->at[CONV2D_B], *residual = job->call->at[CONV2D_RESIDUAL];
    gd_conv2d_tile tile = {.w_row = z->S * z->group_C,
                           .w_run = z->group_C,
                           .w_block = z->R * z->S * z->group_C * CONV2D_BLOCK,
                           .relu = job->params->activation == GD_ACTIVATION_RELU};
    int64_t placed = -1;
    for (int64_t i = begin; i < end; i++) {
        int64_t together = i / (panels * d->n_cuts), rest = i % (panels * d->n_cuts);
        int64_t panel = d->tile_by_tile ? rest % panels : rest / d->n_cuts;
        int64_t index = d->tile_by_tile ? rest / panels : rest % d->n_cuts;
        int64_t group = panel / d->panels, block = panel % d->panels * d->blocks_a_panel;
        int64_t k = block * CONV2D_BLOCK, here = (together * d->n_cuts + index) * groups + group;
        const struct cut *cut = &d->cuts[index];
        if (here != placed)
            place(job, cut, together * d->images, group, &tile);
        placed = here;

        const gd_conv2d_tiles *tiles = d->blocks - block > 1 && d->blocks_a_panel > 1 ? &d->isa->panel : &d->isa->block;
        tile.filters = (int)min(z->group_K - k, d->blocks_a_panel * CONV2D_BLOCK);
        tile.w = w + (group * d->blocks + block) * tile.w_block +
                 (cut->rows->tap * tile.w_row + cut->columns->tap * tile.w_run) * CONV2D_BLOCK;
        k += group * z->group_K;
        tile.bias = b ? b + k : NULL;
        tile.residual = residual ? residual + k : NULL;
        tile.out = (float *)job->call->at[CONV2D_Y] + k;
        tiles->run[cut->count - 1](&tile);
    }
}

gd_status gd_conv2d_direct_run(const gd_call *call, const gd_ctx *ctx)
{
    const direct *d = call->state;
    struct job job = {call, d, call->problem->params, gd_conv2d_sizes_of(call->problem)};
    int64_t tiles = job.size.N / d->images * d->n_cuts * d->panels * job.params->groups;
    int64_t grain = ctx->threads > 1 ? ceil_div(tiles, 4 * (int64_t)ctx->threads) : tiles;
    gd_parallel_for(ctx->threads, tiles, grain, compute, &job);
    return GD_OK;
}
