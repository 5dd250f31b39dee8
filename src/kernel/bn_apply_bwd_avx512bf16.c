// SPDX-License-Identifier: Apache-2.0
/* The loops of bn_apply's backward over bf16, by pairs. dz is dy under a mask, before it is widened. */
#include "kernel/bf16_pairs.h"
#include "kernel/bn_apply.h"
#include "kernel/bn_loops.h"

static inline __m512i dz_at(const uint16_t *y, const uint16_t *dy, int64_t i, int64_t n)
{
    __m512i dz = gd_block_load(dy + i, n);
    return y ? _mm512_maskz_mov_epi16(gd_block_positive(gd_block_load(y + i, n)), dz) : dz;
}

static void add(float *sum_dz, float *sum_dz_x, const void *x, const void *y, const void *dy, const float *mean,
                int64_t width, int64_t step, int64_t rows)
{
    for (int64_t i = 0; i < width; i += 32) {
        const gd_pairs middle = gd_pairs_load(mean + i);
        gd_pairs total = gd_pairs_load(sum_dz + i), total_x = gd_pairs_load(sum_dz_x + i);
        for (int64_t r = 0; r < rows; r++) {
            gd_pairs dz = gd_pairs_widen(dz_at(y, dy, r * step + i, width - i));
            gd_pairs from_x = gd_pairs_widen(gd_block_load((const uint16_t *)x + r * step + i, width - i));
            total = gd_pairs_add(total, dz);
            total_x = gd_pairs_fma(dz, gd_pairs_sub(from_x, middle), total_x);
        }
        gd_pairs_store(sum_dz + i, total);
        gd_pairs_store(sum_dz_x + i, total_x);
    }
}

static void row(void *dx, void *dresidual, const void *x, const void *y, const void *dy, const float *a, const float *b,
                const float *c, int64_t n)
{
    for (int64_t i = 0; i < n; i += 32) {
        __m512i dz = dz_at(y, dy, i, n - i);
        if (dx) {
            gd_pairs from_x = gd_pairs_widen(gd_block_load((const uint16_t *)x + i, n - i));
            gd_pairs rest = gd_pairs_fma(gd_pairs_load(b + i), from_x, gd_pairs_load(c + i));
            gd_pairs sum = gd_pairs_fma(gd_pairs_load(a + i), gd_pairs_widen(dz), rest);
            gd_block_store((uint16_t *)dx + i, n - i, gd_pairs_narrow(sum));
        }
        if (dresidual)
            gd_block_store((uint16_t *)dresidual + i, n - i, dz);
    }
}

static const gd_bn_backward_loops loops = {true, add, row};

gd_status gd_bn_apply_bwd_weight_avx512bf16(const gd_call *call, const gd_ctx *ctx)
{
    return gd_bn_apply_bwd_weight_by_avx512_bf16(call, ctx, &loops);
}

gd_status gd_bn_apply_bwd_data_avx512bf16(const gd_call *call, const gd_ctx *ctx)
{
    return gd_bn_apply_bwd_data_by_avx512_bf16(call, ctx, &loops);
}
