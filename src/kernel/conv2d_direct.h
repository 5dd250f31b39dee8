// SPDX-License-Identifier: Apache-2.0
/* Direct convolution on NHWC without copies and without padding: what its ISA files share (conv2d_direct.c), and the
 * tile that their micro-kernels compute (conv2d_tile.h).
 *
 * The output is cut into rectangles in which every pixel sees the same taps of the window inside the image, so that
 * zeros are neither stored nor multiplied and nothing in the inner loops asks where the border is. For a 3x3 window
 * with pad 1 there are nine (here Q = 8):
 *
 *                q 0   1 … 6   7
 *          p 0   [ ] [       ] [ ]      top row: taps r = 1, 2         left column: taps s = 1, 2
 *            1   [ ] [       ] [ ]
 *            …   | | |       | | |      middle: all nine taps
 *          P-1   [ ] [       ] [ ]      bottom row: taps r = 0, 1      right column: taps s = 0, 1
 *
 * The pixels of a rectangle, counted over rows, columns and images, go in tiles of as many as the registers hold. In
 * NHWC the taps of one row of a window are one run of S*C floats (dilation 1, one group), so a tile is R runs.
 *
 * Weights are packed into blocks of 16 filters, the last one of a group filled with zeros:
 *
 *     w (K,R,S,C/G)  ->  (G, ceil(K/G/16), R, S, C/G, 16)
 *
 * Source: Dukhan, "The indirect convolution algorithm", 2019, whose pointer per pixel this is; the rectangles replace
 * its pointer per tap.
 */
#ifndef GD_KERNEL_CONV2D_DIRECT_H
#define GD_KERNEL_CONV2D_DIRECT_H

#include "kernel/conv2d.h"

enum { CONV2D_BLOCK = 16, CONV2D_TILE_PIXELS = 26 };

/* A tile: some pixels of one rectangle times the filters of one panel (one or two blocks). Distances in floats. */
typedef struct gd_conv2d_tile {
    const float *x[CONV2D_TILE_PIXELS]; /* each pixel's first channel under its first tap */
    int64_t y[CONV2D_TILE_PIXELS];      /* each pixel's first output, from `out` and from `residual` */
    int rows, runs;                     /* rows of taps, and runs of consecutive floats a row */
    int64_t length;                     /* of a run */
    int64_t x_row, x_run;               /* from one row or run to the next in x */
    int64_t w_row, w_run;               /* the same in a block of w, in lines of 16 filters */
    const float *w;                     /* first tap of the panel's first block */
    int64_t w_block;                    /* from one block to the next */
    int filters;                        /* of the panel, that exist */
    const float *bias, *residual;       /* at the panel's first filter; NULL: absent */
    float *out;
    bool relu;
} gd_conv2d_tile;

/* The micro-kernels of an ISA: run[n - 1] computes a tile of n pixels. `panel` is for panels of two blocks (pixels 0:
 * the ISA has none), `block` for one. */
typedef struct gd_conv2d_tiles {
    int pixels;
    void (*const *run)(const gd_conv2d_tile *);
} gd_conv2d_tiles;
typedef struct gd_conv2d_isa {
    gd_conv2d_tiles block, panel;
} gd_conv2d_isa;

/* What the ISAs' prepare do: cuts the output, asks for packed weights. Run and release: kernel/conv2d.h. */
gd_status gd_conv2d_direct_prepare(const gd_problem *problem, const gd_conv2d_isa *isa, gd_needs *needs,
                                   gd_error *error);

#endif
