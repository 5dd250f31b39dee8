// SPDX-License-Identifier: Apache-2.0
/* bf16 by pairs, for AVX-512 with BF16: 32 elements are widened by taking even and odd ones apart, which needs a shift
 * and a mask where widening in order needs four shuffles.
 *
 *     memory   0 1 2 3 … 31     even   0 2 4 … 30     odd   1 3 5 … 31
 */
#ifndef GD_KERNEL_BF16_PAIRS_H
#define GD_KERNEL_BF16_PAIRS_H

#include <immintrin.h>
#include <stdint.h>

typedef struct gd_pairs {
    __m512 even, odd;
} gd_pairs;

/* A block is 32 elements, or the n < 32 at the end of an array: then the rest reads as 0 and is not written. */
static inline __m512i gd_block_load(const uint16_t *at, int64_t n)
{
    return n < 32 ? _mm512_maskz_loadu_epi16((1u << n) - 1, at) : _mm512_loadu_si512(at);
}

static inline void gd_block_store(uint16_t *at, int64_t n, __m512i block)
{
    if (n < 32)
        _mm512_mask_storeu_epi16(at, (1u << n) - 1, block);
    else
        _mm512_storeu_si512(at, block);
}

static inline gd_pairs gd_pairs_widen(__m512i block)
{
    return (gd_pairs){_mm512_castsi512_ps(_mm512_slli_epi32(block, 16)),
                      _mm512_castsi512_ps(_mm512_and_si512(block, _mm512_set1_epi32((int)0xFFFF0000u)))};
}

/* Floats that stand by pairs, 32 even where fewer are meant. */
static inline gd_pairs gd_pairs_load(const float *at)
{
    return (gd_pairs){_mm512_loadu_ps(at), _mm512_loadu_ps(at + 16)};
}

static inline void gd_pairs_store(float *at, gd_pairs v)
{
    _mm512_storeu_ps(at, v.even);
    _mm512_storeu_ps(at + 16, v.odd);
}

static inline gd_pairs gd_pairs_add(gd_pairs a, gd_pairs b)
{
    return (gd_pairs){_mm512_add_ps(a.even, b.even), _mm512_add_ps(a.odd, b.odd)};
}

static inline gd_pairs gd_pairs_sub(gd_pairs a, gd_pairs b)
{
    return (gd_pairs){_mm512_sub_ps(a.even, b.even), _mm512_sub_ps(a.odd, b.odd)};
}

static inline gd_pairs gd_pairs_max(float least, gd_pairs v) /* NaN passes */
{
    return (gd_pairs){_mm512_max_ps(_mm512_set1_ps(least), v.even), _mm512_max_ps(_mm512_set1_ps(least), v.odd)};
}

/* The first n of a block, then zeros. */
static inline gd_pairs gd_pairs_head(gd_pairs v, int64_t n)
{
    if (n >= 32)
        return v;
    return (gd_pairs){_mm512_maskz_mov_ps((__mmask16)((1u << (n + 1) / 2) - 1), v.even),
                      _mm512_maskz_mov_ps((__mmask16)((1u << n / 2) - 1), v.odd)};
}

/* a b + c */
static inline gd_pairs gd_pairs_fma(gd_pairs a, gd_pairs b, gd_pairs c)
{
    return (gd_pairs){_mm512_fmadd_ps(a.even, b.even, c.even), _mm512_fmadd_ps(a.odd, b.odd, c.odd)};
}

/* Rounded to nearest even, in order again; subnormal numbers become 0. */
static inline __m512i gd_pairs_narrow(gd_pairs v)
{
    const __m512i in_order = _mm512_set_epi16(31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24, 8, 23, 7, 22,
                                              6, 21, 5, 20, 4, 19, 3, 18, 2, 17, 1, 16, 0);
    return _mm512_permutexvar_epi16(in_order, (__m512i)_mm512_cvtne2ps_pbh(v.odd, v.even));
}

/* Which of 32 bf16 are above 0: as integers, those from the smallest number to infinity. */
static inline __mmask32 gd_block_positive(__m512i block)
{
    return _mm512_cmplt_epu16_mask(_mm512_sub_epi16(block, _mm512_set1_epi16(1)), _mm512_set1_epi16(0x7F80));
}

#endif
