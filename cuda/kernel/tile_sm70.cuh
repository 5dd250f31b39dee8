// SPDX-License-Identifier: Apache-2.0
/* Tiles by wmma, whose fragments are opaque; included by tile.cuh only. */
#include <mma.h>

template <gd_major major> struct gd_wmma_layout {
    using type = nvcuda::wmma::row_major;
};
template <> struct gd_wmma_layout<GD_COLUMN_MAJOR> {
    using type = nvcuda::wmma::col_major;
};

template <typename T, gd_major major = GD_ROW_MAJOR> struct gd_frag_a {
    static_assert(gd_has_mma<T>, "this architecture's tensor cores do not take this type");
    nvcuda::wmma::fragment<nvcuda::wmma::matrix_a, 16, 16, 16, T, typename gd_wmma_layout<major>::type> is;
};

template <typename T, gd_major major = GD_ROW_MAJOR> struct gd_frag_b {
    static_assert(gd_has_mma<T>, "this architecture's tensor cores do not take this type");
    nvcuda::wmma::fragment<nvcuda::wmma::matrix_b, 16, 16, 16, T, typename gd_wmma_layout<major>::type> is;
};

struct gd_frag_c {
    nvcuda::wmma::fragment<nvcuda::wmma::accumulator, 16, 16, 16, float> is;
};

template <typename T, gd_major major>
__device__ __forceinline__ void gd_frag_load_a(gd_frag_a<T, major> &a, const T *shared, int leading_dim)
{
    nvcuda::wmma::load_matrix_sync(a.is, shared, static_cast<unsigned>(leading_dim));
}

template <typename T, gd_major major>
__device__ __forceinline__ void gd_frag_load_b(gd_frag_b<T, major> &b, const T *shared, int leading_dim)
{
    nvcuda::wmma::load_matrix_sync(b.is, shared, static_cast<unsigned>(leading_dim));
}

__device__ __forceinline__ void gd_frag_fill(gd_frag_c &c, float value) { nvcuda::wmma::fill_fragment(c.is, value); }

template <typename T, gd_major major_a, gd_major major_b>
__device__ __forceinline__ void gd_mma(gd_frag_c &c, const gd_frag_a<T, major_a> &a, const gd_frag_b<T, major_b> &b)
{
    nvcuda::wmma::mma_sync(c.is, a.is, b.is, c.is);
}

__device__ __forceinline__ void gd_frag_store(float *shared, int leading_dim, const gd_frag_c &c)
{
    nvcuda::wmma::store_matrix_sync(shared, c.is, static_cast<unsigned>(leading_dim), nvcuda::wmma::mem_row_major);
}

template <typename Each> __device__ __forceinline__ void gd_frag_visit(const gd_frag_c &c, float *scratch, Each each)
{
    __syncwarp();
    gd_frag_store(scratch, 16, c);
    __syncwarp();
    for (int i = static_cast<int>(threadIdx.x) % 32; i < 128; i += 32)
        each(i / 8, i % 8 * 2, scratch[i * 2], scratch[i * 2 + 1]);
}
