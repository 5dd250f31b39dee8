// SPDX-License-Identifier: Apache-2.0
#include <immintrin.h>

typedef __m256 vec;
enum { LANES = 8, REGISTERS = 16 };

/* The first n of 8 lanes. */
static inline __m256i first(int n)
{
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

static inline vec vec_load(const float *p) { return _mm256_loadu_ps(p); }
static inline vec vec_load_first(const float *p, int n)
{
    return n == LANES ? vec_load(p) : _mm256_maskload_ps(p, first(n));
}
/* A whole vector by a plain store: masked ones are slow on some machines. */
static inline void vec_store_first(float *p, vec v, int n)
{
    if (n == LANES)
        _mm256_storeu_ps(p, v);
    else
        _mm256_maskstore_ps(p, first(n), v);
}
static inline vec vec_set(float x) { return _mm256_set1_ps(x); }
static inline vec vec_zero(void) { return _mm256_setzero_ps(); }
static inline vec vec_add(vec a, vec b) { return _mm256_add_ps(a, b); }
static inline vec vec_max(vec a, vec b) { return _mm256_max_ps(a, b); }
static inline vec vec_fma(vec a, vec b, vec c) { return _mm256_fmadd_ps(a, b, c); }

#include "kernel/conv2d_tile.h"

/* 6 pixels x 16 filters + 2 weights + 1, of 16 registers. */
#define TO_6(X) X(1) X(2) X(3) X(4) X(5) X(6)
#define BLOCK(n)                                                                                                       \
    static void block_##n(const gd_conv2d_tile *tile) { compute(tile, n, 2); }
TO_6(BLOCK)

#define BLOCK_NAME(n) block_##n,
static void (*const blocks[])(const gd_conv2d_tile *) = {TO_6(BLOCK_NAME)};
static const gd_conv2d_isa isa = {.block = {6, blocks}};

gd_status gd_conv2d_fwd_avx2_prepare(const gd_problem *problem, int threads, gd_needs *needs, gd_error *error)
{
    (void)threads;
    return gd_conv2d_direct_prepare(problem, &isa, needs, error);
}
