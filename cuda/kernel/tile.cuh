// SPDX-License-Identifier: Apache-2.0
/* Tensor-core tiles: c += a · b, where a is 16 x 16, b is 16 x 16, c is 16 x 16 of float; a warp holds a tile.
 *
 *     gd_frag_c c;                                  gd_frag_fill(c, 0);
 *     gd_frag_a<__half> a;                          gd_frag_load_a(a, &sa[row][k], ld);      a[m][k] at m * ld + k
 *     gd_frag_b<__half, GD_COLUMN_MAJOR> b;         gd_frag_load_b(b, &sb[column][k], ld);   b[k][n] at n * ld + k
 *     gd_mma(c, a, b);                              gd_frag_store(&sc[row][column], ld, c);
 *
 * Tiles come from shared memory. So that every path can load them, they begin at multiples of 32 bytes, leading
 * dimensions are multiples of 8 elements (of 4 for c), and rows are padded against bank conflicts: ld % 64 == 8 is
 * good.
 *
 * Which lane holds which element is known only from 75 on; gd_frag_visit hides that: it calls each(row, column, two
 * neighbours' values) until all elements have been given to some lane, through `scratch` where it must: 256 floats of
 * shared memory that are the warp's own, which 75 and 80 do not touch.
 *
 * 70: wmma m16n16k16. 75: ldmatrix, mma.sync m16n8k8. 80: ldmatrix, mma.sync m16n8k16. bf16 needs 80: ask gd_has_mma<T>
 * in an `if constexpr`, or the tile does not compile.
 */
#ifndef GD_TILE_CUH
#define GD_TILE_CUH

#include "machine.cuh"

enum gd_major { GD_ROW_MAJOR, GD_COLUMN_MAJOR };

template <typename T> inline constexpr bool gd_has_mma = false;
template <> inline constexpr bool gd_has_mma<__half> = true;
template <> inline constexpr bool gd_has_mma<__nv_bfloat16> = GD_SM >= 80;

#if GD_SM >= 75
#include "tile_sm75.cuh"
#else
#include "tile_sm70.cuh"
#endif

#endif
