// SPDX-License-Identifier: Apache-2.0
/* dropout: drops elements at random and scales up the others, so that the expectation stays (inverted dropout).
 *
 *     y = mask x / (1 - rate)          dx = mask dy / (1 - rate)
 *
 * The mask is a pure function of where an element stands, so it is not kept: backward draws it again, and any number of
 * ranks, threads or devices draws the same. Element e of the row of sample n of the epoch (n = record.first_sample +
 * row) is dropped where unit(word e%4) < rate in the block
 *
 *     gd_rng(seed ^ key << 32, GD_RNG_DROPOUT, step * micros + micro, n << 32 | e/4)
 *
 * Shapes    x, y (N,…), equal; less than 2^32 samples an epoch
 * Values    f32, bf16, f16. What is dropped is 0, whatever it was.
 * Params    key tells the dropout layers of a net apart.
 * Memory    borrows all; y may be x, dx may be dy.
 * Backward  bwd_data reads dy.
 * Training  only: evaluation's net has no such node.
 * Exact     |got - want| <= k eps |x| / (1 - rate)
 * Source    Srivastava et al., "Dropout: a simple way to prevent neural networks from overfitting", 2014.
 */
#ifndef GD_KERNEL_DROPOUT_H
#define GD_KERNEL_DROPOUT_H

#include "base/rng.h"
#include "kernel/kernel.h"

enum { DROPOUT_X = GD_IN(0), DROPOUT_Y = GD_OUT(0), DROPOUT_DX = GD_DIN(0), DROPOUT_DY = GD_DOUT(0) };

typedef struct gd_dropout_params {
    double rate;
    int key;
} gd_dropout_params;

/* The four words of elements 4*block … 4*block + 3 of a sample. */
GD_INLINE gd_philox gd_dropout_words(const gd_record *record, int key, int64_t sample, int64_t block)
{
    uint32_t step = (uint32_t)(record->step * record->micros + record->micro);
    return gd_rng(record->seed ^ (uint64_t)key << 32, GD_RNG_DROPOUT, step, (uint64_t)sample << 32 | (uint64_t)block);
}

GD_DECLARE_REF(gd_dropout_fwd);
GD_DECLARE_REF(gd_dropout_bwd_data);
GD_DECLARE_SIMD(gd_dropout_fwd);
GD_DECLARE_SIMD(gd_dropout_bwd_data);
GD_DECLARE_CUDA(gd_dropout_fwd, simt);
GD_DECLARE_CUDA(gd_dropout_bwd_data, simt);

#endif
