// SPDX-License-Identifier: Apache-2.0
/* nvcuda::wmma for 16 x 16 x 16 tiles of half with float accumulators: the only tensor-core interface of sm_70. */
#ifndef MMA_H
#define MMA_H

#include "cuda_fp16.h"

namespace nvcuda::wmma
{
struct row_major {
};
struct col_major {
};
struct matrix_a {
};
struct matrix_b {
};
struct accumulator {
};
enum layout_t { mem_row_major, mem_col_major };

template <typename Use, int M, int N, int K, typename T, typename Layout = void> struct fragment {
    static_assert(M == 16 && N == 16 && K == 16, "only 16 x 16 x 16 is emulated");
    static constexpr int num_elements = 8;
    T x[num_elements];
};

template <typename Fragment, typename T> __forceinline__ void fill_fragment(Fragment &f, T value)
{
    for (auto &element : f.x)
        element = value;
}

__forceinline__ unsigned gd_fragment_offset(int i, unsigned leading_dim, bool is_column_major)
{
    unsigned place = (unsigned)emulator::fragment_place(emulator::lane(), i), row = place / 16, column = place % 16;
    return is_column_major ? column * leading_dim + row : row * leading_dim + column;
}

template <typename Use, typename T, typename Layout>
__forceinline__ void load_matrix_sync(fragment<Use, 16, 16, 16, T, Layout> &f, const T *from, unsigned leading_dim)
{
    emulator::wmma_touch(from, leading_dim, sizeof(T));
    for (int i = 0; i < 8; i++)
        f.x[i] = from[gd_fragment_offset(i, leading_dim, std::is_same<Layout, col_major>::value)];
}

template <typename T>
__forceinline__ void store_matrix_sync(T *to, const fragment<accumulator, 16, 16, 16, T> &f, unsigned leading_dim,
                                       layout_t layout)
{
    emulator::wmma_touch(to, leading_dim, sizeof(T));
    for (int i = 0; i < 8; i++)
        to[gd_fragment_offset(i, leading_dim, layout == mem_col_major)] = f.x[i];
}

template <typename LayoutA, typename LayoutB>
__forceinline__ void
mma_sync(fragment<accumulator, 16, 16, 16, float> &d, const fragment<matrix_a, 16, 16, 16, __half, LayoutA> &a,
         const fragment<matrix_b, 16, 16, 16, __half, LayoutB> &b, const fragment<accumulator, 16, 16, 16, float> &c)
{
    emulator::wmma_m16n16k16(d.x, &a.x[0].bits, &b.x[0].bits, c.x, emulator::element::f16);
}
} // namespace nvcuda::wmma

#endif
