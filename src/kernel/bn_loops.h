// SPDX-License-Identifier: Apache-2.0
/* The loops of batch norm that touch every element, apart from what calls them: <op>_simd.c holds both, and the loops
 * of another instruction set are run by the callers of the variant nearest to it.
 *
 * `rows` wide rows (kernel/bn_tiles.h) of `width` elements lie `step` apart. What belongs to a channel (factors, means,
 * sums) is an array of one wide row, in order, or by `pairs`: bf16 is widened 32 elements at a time by taking even and
 * odd ones apart, and what meets them is laid out likewise.
 *
 *     in order    0  1  2  3  4  5 … 31 | 32 …
 *     by pairs    0  2  4 … 30  1  3 … 31 | 32 34 …
 *
 * Such arrays have room for whole blocks of 32; sums beyond the width are 0 before and after.
 */
#ifndef GD_KERNEL_BN_LOOPS_H
#define GD_KERNEL_BN_LOOPS_H

#include "kernel/bn_tiles.h"

typedef struct gd_bn_stats_loops {
    bool pairs;
    /* sum += x */
    void (*add)(float *sum, const void *x, int64_t width, int64_t step, int64_t rows);
    /* sum += x - shift, squares += (x - shift)^2 */
    void (*add_shifted)(float *sum, float *squares, const void *x, const float *shift, int64_t width, int64_t step,
                        int64_t rows);
} gd_bn_stats_loops;

typedef struct gd_bn_apply_loops {
    bool pairs;
    /* y = act(scale x + shift + residual) for n elements of a row; residual may be NULL */
    void (*row)(void *y, const void *x, const void *residual, const float *scale, const float *shift, bool relu,
                int64_t n);
} gd_bn_apply_loops;

typedef struct gd_bn_backward_loops {
    bool pairs;
    /* sum_dz += dz, sum_dz_x += dz (x - mean), with dz = dy where y > 0 (or y is NULL) */
    void (*add)(float *sum_dz, float *sum_dz_x, const void *x, const void *y, const void *dy, const float *mean,
                int64_t width, int64_t step, int64_t rows);
    /* dx = a dz + b x + c and dresidual = dz for n elements of a row; either may be NULL */
    void (*row)(void *dx, void *dresidual, const void *x, const void *y, const void *dy, const float *a, const float *b,
                const float *c, int64_t n);
} gd_bn_backward_loops;

/* Where element i of a wide row stands. */
static inline int64_t gd_bn_place(bool pairs, int64_t i)
{
    return pairs ? (i & ~(int64_t)31) | (i & 1) << 4 | (i >> 1 & 15) : i;
}

/* Elements of a wide row after which channels and places come round again together: a multiple of C. */
static inline int64_t gd_bn_period(bool pairs, int64_t C)
{
    int64_t period = C;
    while (pairs && period % 32)
        period *= 2;
    return period;
}

/* The sums of each channel out of a wide row of `fold` times C elements, which is spent. */
static inline void gd_bn_fold(bool pairs, float *restrict row, int64_t fold, int64_t C, float *restrict sums)
{
    const int64_t period = gd_bn_period(pairs, C);
    for (int64_t i = period; i < fold * C; i += period) {
        for (int64_t k = 0; k < period && i + k < GD_BN_WIDE; k++)
            row[k] += row[i + k];
    }
    for (int64_t c = 0; c < C; c++)
        sums[c] = row[gd_bn_place(pairs, c)];
    for (int64_t i = C; i < period && i < fold * C; i += C) {
        for (int64_t c = 0; c < C; c++)
            sums[c] += row[gd_bn_place(pairs, i + c)];
    }
}

/* Values of each channel into a wide row. */
static inline void gd_bn_spread(bool pairs, const float *restrict values, int64_t fold, int64_t C, float *restrict row)
{
    const int64_t period = gd_bn_period(pairs, C);
    for (int64_t i = 0; i < period && i < fold * C; i += C) {
        for (int64_t c = 0; c < C; c++)
            row[gd_bn_place(pairs, i + c)] = values[c];
    }
    for (int64_t i = period; i < fold * C; i += period) {
        for (int64_t k = 0; k < period && i + k < GD_BN_WIDE; k++)
            row[i + k] = row[k];
    }
}

#define GD_BN_DECLARE_BY(variant)                                                                                      \
    gd_status gd_bn_stats_fwd_by_##variant(const gd_call *, const gd_ctx *, const gd_bn_stats_loops *);                \
    gd_status gd_bn_apply_fwd_by_##variant(const gd_call *, const gd_ctx *, const gd_bn_apply_loops *);                \
    gd_status gd_bn_apply_bwd_weight_by_##variant(const gd_call *, const gd_ctx *, const gd_bn_backward_loops *);      \
    gd_status gd_bn_apply_bwd_data_by_##variant(const gd_call *, const gd_ctx *, const gd_bn_backward_loops *)
GD_BN_DECLARE_BY(avx512_f32);
GD_BN_DECLARE_BY(avx512_bf16);
GD_BN_DECLARE_BY(avx512_f16);
GD_BN_DECLARE_BY(avx2_f32);
GD_BN_DECLARE_BY(avx2_bf16);
GD_BN_DECLARE_BY(avx2_f16);

#endif
