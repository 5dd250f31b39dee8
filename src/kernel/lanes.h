// SPDX-License-Identifier: Apache-2.0
/* Vectors of float for loops that a compiler does not vectorise well: 16 lanes (AVX-512) or 8 (AVX2), whichever the
 * file is compiled for. For <op>_simd.c files; store_t is their storage type (kernel/variant.h).
 *
 * n says how many lanes count, 1 … LANES: no memory behind them is touched; where n is a constant LANES this costs
 * nothing. Bytes stand in lanes as the floats of their value.
 */
#ifndef GD_KERNEL_LANES_H
#define GD_KERNEL_LANES_H

#include "kernel/variant.h"

#include <immintrin.h>
#include <string.h>

#if defined(__AVX512F__)

enum { LANES = 16 };
typedef __m512 lanes;
typedef __mmask16 lanes_mask;

static inline __mmask16 lanes_first(int n) { return (__mmask16)(0xffffu >> (LANES - n)); }

static inline lanes lanes_set(float x) { return _mm512_set1_ps(x); }
static inline lanes lanes_add(lanes a, lanes b) { return _mm512_add_ps(a, b); }
static inline lanes lanes_mul(lanes a, lanes b) { return _mm512_mul_ps(a, b); }
static inline lanes_mask lanes_equal(lanes a, lanes b) { return _mm512_cmp_ps_mask(a, b, _CMP_EQ_OQ); }

/* a > b, or a is NaN. */
static inline lanes_mask lanes_above(lanes a, lanes b)
{
    return _mm512_cmp_ps_mask(a, b, _CMP_GT_OQ) | _mm512_cmp_ps_mask(a, a, _CMP_UNORD_Q);
}

static inline lanes lanes_pick(lanes_mask mask, lanes yes, lanes no) { return _mm512_mask_blend_ps(mask, no, yes); }

static inline lanes lanes_load_bytes(const uint8_t *p, int n)
{
    __m128i bytes = n == LANES ? _mm_loadu_si128((const __m128i *)p) : _mm_maskz_loadu_epi8(lanes_first(n), p);
    return _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(bytes));
}

static inline void lanes_store_bytes(uint8_t *p, lanes v, int n)
{
    __m128i bytes = _mm512_cvtepi32_epi8(_mm512_cvtps_epi32(v));
    if (n == LANES)
        _mm_storeu_si128((__m128i *)p, bytes);
    else
        _mm_mask_storeu_epi8(p, lanes_first(n), bytes);
}

#if defined(GD_STORE_BF16)
static inline lanes lanes_load(const store_t *p, int n)
{
    __m256i half = n == LANES ? _mm256_loadu_si256((const __m256i *)p) : _mm256_maskz_loadu_epi16(lanes_first(n), p);
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(half), 16));
}

/* v holds numbers of the storage type already: nothing is rounded. */
static inline void lanes_store_exact(store_t *p, lanes v, int n)
{
    __m256i half = _mm512_cvtepi32_epi16(_mm512_srli_epi32(_mm512_castps_si512(v), 16));
    if (n == LANES)
        _mm256_storeu_si256((__m256i *)p, half);
    else
        _mm256_mask_storeu_epi16(p, lanes_first(n), half);
}

/* Rounds to nearest, ties to even; NaN stays NaN. */
static inline void lanes_store(store_t *p, lanes v, int n)
{
    __m512i bits = _mm512_castps_si512(v), odd = _mm512_and_si512(_mm512_srli_epi32(bits, 16), _mm512_set1_epi32(1));
    __m512i rounded = _mm512_add_epi32(bits, _mm512_add_epi32(odd, _mm512_set1_epi32(0x7fff)));
    __m512i quiet = _mm512_or_si512(bits, _mm512_set1_epi32(0x400000));
    __mmask16 is_nan = _mm512_cmp_ps_mask(v, v, _CMP_UNORD_Q);
    lanes_store_exact(p, _mm512_castsi512_ps(_mm512_mask_blend_epi32(is_nan, rounded, quiet)), n);
}
#elif defined(GD_STORE_F16)
static inline lanes lanes_load(const store_t *p, int n)
{
    return _mm512_cvtph_ps(n == LANES ? _mm256_loadu_si256((const __m256i *)p)
                                      : _mm256_maskz_loadu_epi16(lanes_first(n), p));
}

static inline void lanes_store(store_t *p, lanes v, int n)
{
    __m256i half = _mm512_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT);
    if (n == LANES)
        _mm256_storeu_si256((__m256i *)p, half);
    else
        _mm256_mask_storeu_epi16(p, lanes_first(n), half);
}

static inline void lanes_store_exact(store_t *p, lanes v, int n) { lanes_store(p, v, n); }
#else
static inline lanes lanes_load(const store_t *p, int n)
{
    return n == LANES ? _mm512_loadu_ps(p) : _mm512_maskz_loadu_ps(lanes_first(n), p);
}

static inline void lanes_store(store_t *p, lanes v, int n)
{
    if (n == LANES)
        _mm512_storeu_ps(p, v);
    else
        _mm512_mask_storeu_ps(p, lanes_first(n), v);
}

static inline void lanes_store_exact(store_t *p, lanes v, int n) { lanes_store(p, v, n); }
#endif

#else /* AVX2 */

enum { LANES = 8 };
typedef __m256 lanes;
typedef __m256 lanes_mask;

static inline lanes lanes_set(float x) { return _mm256_set1_ps(x); }
static inline lanes lanes_add(lanes a, lanes b) { return _mm256_add_ps(a, b); }
static inline lanes lanes_mul(lanes a, lanes b) { return _mm256_mul_ps(a, b); }
static inline lanes_mask lanes_equal(lanes a, lanes b) { return _mm256_cmp_ps(a, b, _CMP_EQ_OQ); }

static inline lanes_mask lanes_above(lanes a, lanes b)
{
    return _mm256_or_ps(_mm256_cmp_ps(a, b, _CMP_GT_OQ), _mm256_cmp_ps(a, a, _CMP_UNORD_Q));
}

static inline lanes lanes_pick(lanes_mask mask, lanes yes, lanes no) { return _mm256_blendv_ps(no, yes, mask); }

/* n elements of `size` bytes by way of a whole vector: AVX2 masks nothing narrower than 32 bits. */
static inline __m128i lanes_read(const void *p, size_t size, int n)
{
    __m128i whole = _mm_setzero_si128();
    memcpy(&whole, p, size * (size_t)n);
    return whole;
}

static inline lanes lanes_load_bytes(const uint8_t *p, int n)
{
    return _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(lanes_read(p, 1, n)));
}

/* The low 16 bits of eight 32-bit numbers, which are below 2^16. */
static inline __m128i lanes_narrow(__m256i v)
{
    __m256i packed = _mm256_packus_epi32(v, v);
    return _mm256_castsi256_si128(_mm256_permute4x64_epi64(packed, 0x08));
}

static inline void lanes_store_bytes(uint8_t *p, lanes v, int n)
{
    __m128i half = lanes_narrow(_mm256_cvtps_epi32(v)), bytes = _mm_packus_epi16(half, half);
    memcpy(p, &bytes, (size_t)n);
}

#if defined(GD_STORE_BF16)
static inline lanes lanes_load(const store_t *p, int n)
{
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(lanes_read(p, sizeof *p, n)), 16));
}

static inline void lanes_store_exact(store_t *p, lanes v, int n)
{
    __m128i half = lanes_narrow(_mm256_srli_epi32(_mm256_castps_si256(v), 16));
    memcpy(p, &half, sizeof *p * (size_t)n);
}

static inline void lanes_store(store_t *p, lanes v, int n)
{
    __m256i bits = _mm256_castps_si256(v), odd = _mm256_and_si256(_mm256_srli_epi32(bits, 16), _mm256_set1_epi32(1));
    __m256i rounded = _mm256_add_epi32(bits, _mm256_add_epi32(odd, _mm256_set1_epi32(0x7fff)));
    __m256i quiet = _mm256_or_si256(bits, _mm256_set1_epi32(0x400000));
    __m256 is_nan = _mm256_cmp_ps(v, v, _CMP_UNORD_Q);
    lanes_store_exact(p, lanes_pick(is_nan, _mm256_castsi256_ps(quiet), _mm256_castsi256_ps(rounded)), n);
}
#elif defined(GD_STORE_F16) /* every processor with AVX2 has F16C */
static inline lanes lanes_load(const store_t *p, int n) { return _mm256_cvtph_ps(lanes_read(p, sizeof *p, n)); }

static inline void lanes_store(store_t *p, lanes v, int n)
{
    __m128i half = _mm256_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT);
    memcpy(p, &half, sizeof *p * (size_t)n);
}

static inline void lanes_store_exact(store_t *p, lanes v, int n) { lanes_store(p, v, n); }
#else
static inline __m256i lanes_first(int n)
{
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

static inline lanes lanes_load(const store_t *p, int n)
{
    return n == LANES ? _mm256_loadu_ps(p) : _mm256_maskload_ps(p, lanes_first(n));
}

static inline void lanes_store(store_t *p, lanes v, int n)
{
    if (n == LANES)
        _mm256_storeu_ps(p, v);
    else
        _mm256_maskstore_ps(p, lanes_first(n), v);
}

static inline void lanes_store_exact(store_t *p, lanes v, int n) { lanes_store(p, v, n); }
#endif

#endif

#endif
