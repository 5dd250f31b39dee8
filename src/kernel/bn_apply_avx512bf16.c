// SPDX-License-Identifier: Apache-2.0
/* The loop of bn_apply over bf16, by pairs. */
#include "kernel/bf16_pairs.h"
#include "kernel/bn_apply.h"
#include "kernel/bn_loops.h"

static void row(void *y, const void *x, const void *residual, const float *scale, const float *shift, bool relu,
                int64_t n)
{
    for (int64_t i = 0; i < n; i += 32) {
        gd_pairs sum = gd_pairs_fma(gd_pairs_widen(gd_block_load((const uint16_t *)x + i, n - i)),
                                    gd_pairs_load(scale + i), gd_pairs_load(shift + i));
        if (residual)
            sum = gd_pairs_add(sum, gd_pairs_widen(gd_block_load((const uint16_t *)residual + i, n - i)));
        if (relu)
            sum = gd_pairs_max(0, sum);
        gd_block_store((uint16_t *)y + i, n - i, gd_pairs_narrow(sum));
    }
}

gd_status gd_bn_apply_fwd_avx512bf16(const gd_call *call, const gd_ctx *ctx)
{
    static const gd_bn_apply_loops loops = {true, row};
    return gd_bn_apply_fwd_by_avx512_bf16(call, ctx, &loops);
}
