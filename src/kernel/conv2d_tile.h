// SPDX-License-Identifier: Apache-2.0
/* The micro-kernel of direct convolution, written once for any vector. A tile stays in registers while the taps pass:
 *
 *                      vectors of filters
 *                      v0         v1            for each channel of each tap: load the vectors of weights,
 *     pixel 0      acc[0][0]  acc[0][1]         broadcast x of each pixel, one multiply-add an accumulator
 *     pixel 1      acc[1][0]  acc[1][1]
 *     …
 *
 * The includer defines `vec` and LANES, REGISTERS (of the ISA), and
 *
 *     vec_load(p)  vec_load_first(p, n)  vec_store_first(p, v, n)     the first n <= LANES elements; 0 in other lanes
 *     vec_set(x)  vec_zero()  vec_add(a, b)  vec_max(a, b): b where one is NaN  vec_fma(a, b, c) = a * b + c
 */
#include "kernel/conv2d_direct.h"

#include <math.h>

/* foreach is for (int i = 0; i < n; i++), written out n times in a function made anew for each kind of tile. Under a
 * sanitizer it is a loop in one function for all: checking 39 written-out ones takes a compiler minutes. */
#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED
#endif
#endif
#if defined(SANITIZED)
#define foreach(i, n) for (int i = 0; i < (n); i++)
#define INLINED static __attribute__((noinline))
#else
#if defined(__clang__)
#define foreach(i, n) _Pragma("clang loop unroll(full)") for (int i = 0; i < (n); i++)
#else
#define foreach(i, n) _Pragma("GCC unroll 32") for (int i = 0; i < (n); i++)
#endif
#define INLINED static inline __attribute__((always_inline))
#endif

enum { VECTORS_A_BLOCK = CONV2D_BLOCK / LANES };

/* Adds `channels` consecutive elements of every pixel's window, from element i on; w: the weights of element i. Each
 * goes to the sums of copy (element % copies). Everything but i and w is known when this is compiled. */
INLINED void accumulate(vec *acc, const float *const *x, int64_t i, const float *w, int64_t w_block, const int pixels,
                        const int vectors, const int channels, const int copies)
{
    vec weights[8];
    foreach (j, channels * vectors) {
        int c = j / vectors, v = j % vectors;
        weights[j] = vec_load(w + v / VECTORS_A_BLOCK * w_block + c * CONV2D_BLOCK + v % VECTORS_A_BLOCK * LANES);
    }
    foreach (m, pixels) {
        const float *window = x[m] + i;
        foreach (c, channels) {
            vec value = vec_set(window[c]);
            foreach (v, vectors) {
                vec *sum = &acc[(c % copies * pixels + m) * vectors + v];
                *sum = vec_fma(value, weights[c * vectors + v], *sum);
            }
        }
    }
}

/* Of the tile's filters: how many vector v holds, LANES or less. */
INLINED int filled(const gd_conv2d_tile *tile, int v)
{
    int n = tile->filters - v * LANES;
    return n < 0 ? 0 : n < LANES ? n : LANES;
}

/* Bias in the first copy of the sums, zero in the others. */
INLINED void begin(const gd_conv2d_tile *tile, vec *acc, const int pixels, const int vectors, const int copies)
{
    foreach (v, vectors) {
        const vec bias = tile->bias ? vec_load_first(tile->bias + v * LANES, filled(tile, v)) : vec_zero();
        foreach (m, copies * pixels)
            acc[m * vectors + v] = m < pixels ? bias : vec_zero();
    }
}

/* Adds the copies of the sums and the residual, applies the activation, stores. */
INLINED void finish(const gd_conv2d_tile *tile, vec *acc, const int pixels, const int vectors, const int copies)
{
    const int sums = pixels * vectors;
    const vec least = vec_set(tile->relu ? 0 : -INFINITY);
    foreach (j, (copies - 1) * sums)
        acc[j % sums] = vec_add(acc[j % sums], acc[j + sums]);
    foreach (v, vectors) {
        const int n = filled(tile, v);
        if (tile->residual) {
            foreach (m, pixels) {
                vec *sum = &acc[m * vectors + v];
                *sum = vec_add(*sum, vec_load_first(tile->residual + tile->y[m] + v * LANES, n));
            }
        }
        foreach (m, pixels)
            vec_store_first(tile->out + tile->y[m] + v * LANES, vec_max(least, acc[m * vectors + v]), n);
    }
}

/* Small tiles keep several copies of their sums, so that enough multiply-adds are under way; `unroll` channels at once
 * share a pixel's address, as far as there are registers for their weights. */
INLINED void compute(const gd_conv2d_tile *tile, const int pixels, const int vectors)
{
    const int sums = pixels * vectors, copies = sums >= 8 ? 1 : sums >= 4 ? 2 : 4;
    const int room = (REGISTERS - 1 - copies * sums) / vectors;
    const int unroll = copies == 4 || room >= 4 ? 4 : copies == 2 || room >= 2 ? 2 : 1;
    vec acc[REGISTERS];

    begin(tile, acc, pixels, vectors, copies);
    for (int row = 0; row < tile->rows; row++) {
        for (int run = 0; run < tile->runs; run++) {
            const float *w = tile->w + (row * tile->w_row + run * tile->w_run) * CONV2D_BLOCK;
            int64_t i = row * tile->x_row + run * tile->x_run, end = i + tile->length;
            for (; i + unroll <= end; i += unroll, w += unroll * CONV2D_BLOCK)
                accumulate(acc, tile->x, i, w, tile->w_block, pixels, vectors, unroll, copies);
            for (; unroll > 1 && i < end; i++, w += CONV2D_BLOCK)
                accumulate(acc, tile->x, i, w, tile->w_block, pixels, vectors, 1, 1);
        }
    }
    finish(tile, acc, pixels, vectors, copies);
}
