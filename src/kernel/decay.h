// SPDX-License-Identifier: Apache-2.0
/* Which parts of a block of parameters decay. Biases and batch norm's scales and shifts do not: an optimizer's
 * parameters list their ranges, `n` pairs (begin, end) in elements of the block, ascending and disjoint. */
#ifndef GD_KERNEL_DECAY_H
#define GD_KERNEL_DECAY_H

#include <stdbool.h>
#include <stdint.h>

/* The end, at most `end`, of the stretch from `begin` that decays or does not decay as a whole; which, in *decays. */
static inline int64_t gd_decay_stretch(const int64_t *undecayed, int n, int64_t begin, int64_t end, bool *decays)
{
    int i = 0;
    while (i < n && undecayed[2 * i + 1] <= begin)
        i++;
    *decays = i == n || begin < undecayed[2 * i];
    int64_t border = i == n ? end : undecayed[2 * i + !*decays];
    return border < end ? border : end;
}

#endif
