// SPDX-License-Identifier: Apache-2.0
/* The loops of bn_stats over bf16, by pairs: 32 channels at a time, their sums in registers, four rows a sum. */
#include "kernel/bf16_pairs.h"
#include "kernel/bn_loops.h"
#include "kernel/bn_stats.h"

static void add(float *sum, const void *from, int64_t width, int64_t step, int64_t rows)
{
    for (int64_t i = 0; i < width; i += 32) {
        const uint16_t *x = (const uint16_t *)from + i;
        gd_pairs total = gd_pairs_load(sum + i);
        for (int64_t r = 0; r < rows;) {
            gd_pairs four = {0};
            for (int64_t last = r + 4 < rows ? r + 4 : rows; r < last; r++)
                four = gd_pairs_add(four, gd_pairs_widen(gd_block_load(x + r * step, width - i)));
            total = gd_pairs_add(total, four);
        }
        gd_pairs_store(sum + i, total);
    }
}

static void add_shifted(float *sum, float *squares, const void *from, const float *shift, int64_t width, int64_t step,
                        int64_t rows)
{
    for (int64_t i = 0; i < width; i += 32) {
        const uint16_t *x = (const uint16_t *)from + i;
        const gd_pairs by = gd_pairs_head(gd_pairs_load(shift + i), width - i);
        gd_pairs total = gd_pairs_load(sum + i), total_squares = gd_pairs_load(squares + i);
        for (int64_t r = 0; r < rows;) {
            gd_pairs four = {0}, four_squares = {0};
            for (int64_t last = r + 4 < rows ? r + 4 : rows; r < last; r++) {
                gd_pairs d = gd_pairs_sub(gd_pairs_widen(gd_block_load(x + r * step, width - i)), by);
                four = gd_pairs_add(four, d);
                four_squares = gd_pairs_fma(d, d, four_squares);
            }
            total = gd_pairs_add(total, four);
            total_squares = gd_pairs_add(total_squares, four_squares);
        }
        gd_pairs_store(sum + i, total);
        gd_pairs_store(squares + i, total_squares);
    }
}

gd_status gd_bn_stats_fwd_avx512bf16(const gd_call *call, const gd_ctx *ctx)
{
    static const gd_bn_stats_loops loops = {true, add, add_shifted};
    return gd_bn_stats_fwd_by_avx512_bf16(call, ctx, &loops);
}
