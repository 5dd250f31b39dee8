// SPDX-License-Identifier: Apache-2.0
/* Counter-based random numbers: Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC11).
 * A number is a pure function of key and counter, so nothing has a state to save and the order of calls does not
 * matter: the same image in the same epoch draws the same numbers on any thread, rank or device. */
#ifndef GD_BASE_RNG_H
#define GD_BASE_RNG_H

#include "base/inline.h"

#include <stdint.h>

typedef struct gd_philox {
    uint32_t at[4];
} gd_philox;

/* What a stream of numbers is for: the first word of its counter, so that no two uses ever share numbers. */
typedef enum gd_rng_use {
    GD_RNG_INIT = 1,    /* counter: parameter, block */
    GD_RNG_SPLIT = 2,   /* counter: class, position */
    GD_RNG_SHUFFLE = 3, /* counter: epoch, position */
    GD_RNG_AUGMENT = 4, /* counter: epoch, image */
    GD_RNG_DROPOUT = 5, /* counter: step and layer, element */
    GD_RNG_TEST = 6,
    GD_RNG_SKETCH = 7,   /* counter: level, pair of halvings */
    GD_RNG_TABLE = 8,    /* counter: draw, number in it */
    GD_RNG_RESAMPLE = 9, /* counter: part, position */
    GD_RNG_ROWS = 10,    /* counter: stream, row */
    GD_RNG_PERMUTE = 11, /* counter: permutation, position */
    GD_RNG_GALLERY = 12  /* counter: 0, picture */
} gd_rng_use;

GD_INLINE gd_philox gd_rng(uint64_t seed, gd_rng_use use, uint32_t a, uint64_t b)
{
    uint32_t k0 = (uint32_t)seed, k1 = (uint32_t)(seed >> 32);
    gd_philox c = {{(uint32_t)b, (uint32_t)(b >> 32), a, (uint32_t)use}};
    for (int round = 0; round < 10; round++) {
        uint64_t p0 = (uint64_t)0xD2511F53u * c.at[0], p1 = (uint64_t)0xCD9E8D57u * c.at[2];
        gd_philox next = {
            {(uint32_t)(p1 >> 32) ^ c.at[1] ^ k0, (uint32_t)p1, (uint32_t)(p0 >> 32) ^ c.at[3] ^ k1, (uint32_t)p0}};
        c = next;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    return c;
}

/* In [0, 1), a multiple of 2^-24: exact in float. */
GD_INLINE float gd_rng_unit(uint32_t word) { return (float)(word >> 8) * (1.0f / 16777216.0f); }

/* In [0, n): multiply-shift; the bias is below n / 2^32. */
GD_INLINE uint32_t gd_rng_below(uint32_t word, uint32_t n) { return (uint32_t)(((uint64_t)word * n) >> 32); }

#endif
