// SPDX-License-Identifier: Apache-2.0
/* What bn_stats and bn_apply share: batch normalisation over groups of images.
 *
 * A tensor (N,H,W,C) or (N,C) is a matrix of rows (pixels) and C channels. A group is `group` consecutive images, the
 * last one may be smaller; each is normalised by its own statistics, so that what a network computes depends on the
 * group, which the config fixes, and not on how many ranks share the batch.
 *
 *     images  0 … 31 | 32 … 63 | 64 … 79          N = 80, group = 32: G = 3 groups
 *     stats      [0]      [1]       [2]            (G,2,C): row 0 the mean, row 1 the biased variance
 */
#ifndef GD_KERNEL_BN_H
#define GD_KERNEL_BN_H

#include "kernel/kernel.h"

typedef struct gd_bn_sizes {
    int64_t C, rows;    /* channels; pixels in all */
    int64_t group_rows; /* pixels of a whole group */
    int64_t groups;     /* G */
} gd_bn_sizes;

/* `group` 0: the whole batch is one. */
static inline gd_bn_sizes gd_bn_sizes_of(gd_desc x, int group)
{
    int64_t N = x.dim[0], C = x.dim[x.rank - 1], rows = gd_desc_count(x) / C;
    int64_t images = group > 0 && group < N ? group : N;
    gd_bn_sizes z = {C, rows, rows / N * images, (N + images - 1) / images};
    return z;
}

static inline int64_t gd_bn_rows_of(gd_bn_sizes z, int64_t g)
{
    int64_t left = z.rows - g * z.group_rows;
    return left < z.group_rows ? left : z.group_rows;
}

#endif
