// SPDX-License-Identifier: Apache-2.0
#include <immintrin.h>

typedef __m512 vec;
enum { LANES = 16, REGISTERS = 32 };

static inline vec vec_load(const float *p) { return _mm512_loadu_ps(p); }
static inline vec vec_load_first(const float *p, int n) { return _mm512_maskz_loadu_ps((__mmask16)((1u << n) - 1), p); }
static inline void vec_store_first(float *p, vec v, int n) { _mm512_mask_storeu_ps(p, (__mmask16)((1u << n) - 1), v); }
static inline vec vec_set(float x) { return _mm512_set1_ps(x); }
static inline vec vec_zero(void) { return _mm512_setzero_ps(); }
static inline vec vec_add(vec a, vec b) { return _mm512_add_ps(a, b); }
static inline vec vec_max(vec a, vec b) { return _mm512_max_ps(a, b); }
static inline vec vec_fma(vec a, vec b, vec c) { return _mm512_fmadd_ps(a, b, c); }

#include "kernel/conv2d_tile.h"

/* 26 pixels x 16 filters + 4 weights + 1, and 13 pixels x 32 filters + 4 weights + 1, of 32 registers. */
#define TO_13(X) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13)
#define TO_26(X) TO_13(X) X(14) X(15) X(16) X(17) X(18) X(19) X(20) X(21) X(22) X(23) X(24) X(25) X(26)
#define BLOCK(n)                                                                                                       \
    static void block_##n(const gd_conv2d_tile *tile) { compute(tile, n, 1); }
#define PANEL(n)                                                                                                       \
    static void panel_##n(const gd_conv2d_tile *tile) { compute(tile, n, 2); }
TO_26(BLOCK)
TO_13(PANEL)

#define BLOCK_NAME(n) block_##n,
#define PANEL_NAME(n) panel_##n,
static void (*const blocks[])(const gd_conv2d_tile *) = {TO_26(BLOCK_NAME)};
static void (*const panels[])(const gd_conv2d_tile *) = {TO_13(PANEL_NAME)};
static const gd_conv2d_isa isa = {.block = {CONV2D_TILE_PIXELS, blocks}, .panel = {CONV2D_TILE_PIXELS / 2, panels}};

gd_status gd_conv2d_fwd_avx512_prepare(const gd_problem *problem, int threads, gd_needs *needs, gd_error *error)
{
    (void)threads;
    return gd_conv2d_direct_prepare(problem, &isa, needs, error);
}
