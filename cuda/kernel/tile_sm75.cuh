// SPDX-License-Identifier: Apache-2.0
/* Tiles by ldmatrix and mma.sync; included by tile.cuh only. Registers as the PTX ISA lays them out for m16n8k16, which
 * are those of two m16n8k8 one after the other; g = lane / 4, t = lane % 4:
 *
 *     a   r0 (g, 2t)   r1 (g + 8, 2t)   r2 (g, 2t + 8)   r3 (g + 8, 2t + 8)      each with its right neighbour
 *     b   r0 (k 2t, n g)   r1 (k 2t + 8, n g)   r2, r3 the same for n + 8        each with the next k
 *     c   r0, r1 (g, 2t), (g, 2t + 1)   r2, r3 (g + 8, …)   r4 … r7 the same for n + 8
 *
 * ldmatrix deals out 8 x 8 elements so that lane (g, t) gets (row g, columns 2t and 2t + 1) of each of four, whose rows
 * begin where lanes 0 … 7, 8 … 15, 16 … 23, 24 … 31 say; .trans deals out the transposed. Elements of a are wanted
 * along k and those of b along k, so a in column-major order and b in row-major order are transposed on the way.
 */
#include "instruction.cuh"

template <typename T, gd_major major = GD_ROW_MAJOR> struct gd_frag_a {
    static_assert(gd_has_mma<T>, "this architecture's tensor cores do not take this type");
    unsigned r[4];
};

template <typename T, gd_major major = GD_ROW_MAJOR> struct gd_frag_b {
    static_assert(gd_has_mma<T>, "this architecture's tensor cores do not take this type");
    unsigned r[4];
};

struct gd_frag_c {
    float r[8];
};

__device__ __forceinline__ int gd_lane() { return static_cast<int>(threadIdx.x) % 32; }

/* Matrices in the order (0, 0), (8, 0), (0, 8), (8, 8) of (row, column) in memory. */
template <typename T> __device__ __forceinline__ const T *gd_row_down_first(const T *shared, int leading_dim)
{
    return shared + gd_lane() % 16 * leading_dim + gd_lane() / 16 * 8;
}

/* Matrices in the order (0, 0), (0, 8), (8, 0), (8, 8). */
template <typename T> __device__ __forceinline__ const T *gd_row_right_first(const T *shared, int leading_dim)
{
    return shared + (gd_lane() % 8 + gd_lane() / 16 * 8) * leading_dim + gd_lane() / 8 % 2 * 8;
}

template <typename T>
__device__ __forceinline__ void gd_frag_load_a(gd_frag_a<T, GD_ROW_MAJOR> &a, const T *shared, int leading_dim)
{
    gd_ldmatrix_x4<false>(a.r, gd_row_down_first(shared, leading_dim));
}

template <typename T>
__device__ __forceinline__ void gd_frag_load_a(gd_frag_a<T, GD_COLUMN_MAJOR> &a, const T *shared, int leading_dim)
{
    gd_ldmatrix_x4<true>(a.r, gd_row_right_first(shared, leading_dim));
}

template <typename T>
__device__ __forceinline__ void gd_frag_load_b(gd_frag_b<T, GD_ROW_MAJOR> &b, const T *shared, int leading_dim)
{
    gd_ldmatrix_x4<true>(b.r, gd_row_down_first(shared, leading_dim));
}

template <typename T>
__device__ __forceinline__ void gd_frag_load_b(gd_frag_b<T, GD_COLUMN_MAJOR> &b, const T *shared, int leading_dim)
{
    gd_ldmatrix_x4<false>(b.r, gd_row_right_first(shared, leading_dim));
}

__device__ __forceinline__ void gd_frag_fill(gd_frag_c &c, float value)
{
    for (int i = 0; i < 8; i++)
        c.r[i] = value;
}

template <typename T, gd_major major_a, gd_major major_b>
__device__ __forceinline__ void gd_mma(gd_frag_c &c, const gd_frag_a<T, major_a> &a, const gd_frag_b<T, major_b> &b)
{
    for (int side = 0; side < 2; side++) {
#if GD_SM >= 80
        gd_mma_m16n8k16<T>(c.r + side * 4, a.r, b.r + side * 2);
#else
        gd_mma_m16n8k8<T>(c.r + side * 4, a.r, b.r + side * 2);
        gd_mma_m16n8k8<T>(c.r + side * 4, a.r + 2, b.r + side * 2 + 1);
#endif
    }
}

template <typename Each> __device__ __forceinline__ void gd_frag_visit(const gd_frag_c &c, float *, Each each)
{
    for (int i = 0; i < 8; i += 2)
        each(gd_lane() / 4 + i / 2 % 2 * 8, gd_lane() % 4 * 2 + i / 4 * 8, c.r[i], c.r[i + 1]);
}

__device__ __forceinline__ void gd_frag_store(float *shared, int leading_dim, const gd_frag_c &c)
{
    gd_frag_visit(c, nullptr, [&](int row, int column, float left, float right) {
        shared[row * leading_dim + column] = left;
        shared[row * leading_dim + column + 1] = right;
    });
}
