// SPDX-License-Identifier: Apache-2.0
/* How the vectorised loops of batch norm walk a tensor: in tiles, pieces of one group that stay in the first caches.
 * Sums keep one partial result a tile and add those up in order, so their bits do not depend on threads.
 *
 * Loops over 16 channels are too short to be fast. Rows lie one behind the other, so `fold` of them side by side are
 * one wide row, and what belongs to a channel (a sum, a scale) is repeated `fold` times:
 *
 *     memory      c0 c1 c2 | c0 c1 c2 | c0 c1 c2 | c0 c1 c2 | c0 …        C = 3
 *     wide rows   [------------ width = fold * C ----------][-----         the last of a tile may be shorter
 *
 * With more than GD_BN_WIDE channels fold is 1 and sums are made strip by strip, GD_BN_WIDE channels each.
 */
#ifndef GD_KERNEL_BN_TILES_H
#define GD_KERNEL_BN_TILES_H

#include "kernel/bn.h"

enum { GD_BN_WIDE = 256 };

typedef struct gd_bn_tiles {
    gd_bn_sizes z;
    int64_t fold, width; /* rows in a wide row; its elements */
    int64_t pitch;       /* from one array of a wide row's length to the next: a multiple of 32 */
    int64_t rows;        /* of a whole tile: a multiple of fold */
    int64_t per_group, n;
} gd_bn_tiles;

typedef struct gd_bn_tile {
    int64_t group, first, rows; /* first row in the tensor; rows may be 0 where the last group is smaller */
} gd_bn_tile;

static inline gd_bn_tiles gd_bn_tiles_of(gd_bn_sizes z)
{
    enum { ELEMENTS = 16384, LEAST_ROWS = 64 };
    gd_bn_tiles t = {.z = z, .fold = z.C < GD_BN_WIDE ? GD_BN_WIDE / z.C : 1};
    t.width = t.fold * z.C;
    t.pitch = (t.width + 31) / 32 * 32;
    int64_t rows = ELEMENTS / z.C > LEAST_ROWS ? ELEMENTS / z.C : LEAST_ROWS;
    t.rows = (rows + t.fold - 1) / t.fold * t.fold;
    t.per_group = (z.group_rows + t.rows - 1) / t.rows;
    t.n = z.groups * t.per_group;
    return t;
}

static inline gd_bn_tile gd_bn_tile_at(const gd_bn_tiles *t, int64_t i)
{
    int64_t group = i / t->per_group, begin = i % t->per_group * t->rows;
    int64_t left = gd_bn_rows_of(t->z, group) - begin;
    return (gd_bn_tile){group, group * t->z.group_rows + begin, left < 0 ? 0 : left < t->rows ? left : t->rows};
}

/* Elements of a wide row that one strip of sums takes, from channel `c` on. */
static inline int64_t gd_bn_strip_width(const gd_bn_tiles *t, int64_t c)
{
    if (t->z.C <= GD_BN_WIDE)
        return t->width;
    return t->z.C - c < GD_BN_WIDE ? t->z.C - c : GD_BN_WIDE;
}

/* Scratch of the sums: two of f64 per group and channel, then two of f32 per tile and channel. */
static inline size_t gd_bn_totals_bytes(const gd_bn_tiles *t)
{
    return (size_t)(t->z.groups * 2 * t->z.C) * sizeof(double);
}

static inline size_t gd_bn_partials_bytes(const gd_bn_tiles *t) { return (size_t)(t->n * 2 * t->z.C) * sizeof(float); }

#endif
