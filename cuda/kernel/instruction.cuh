// SPDX-License-Identifier: Apache-2.0
/* Tensor-core instructions by name. On a CPU the executor plays them. */
#ifndef GD_INSTRUCTION_CUH
#define GD_INSTRUCTION_CUH

#if defined(__CUDACC__)

template <bool is_transposed> __device__ __forceinline__ void gd_ldmatrix_x4(unsigned to[4], const void *shared_row)
{
    unsigned address = static_cast<unsigned>(__cvta_generic_to_shared(shared_row));
    if constexpr (is_transposed)
        asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
                     : "=r"(to[0]), "=r"(to[1]), "=r"(to[2]), "=r"(to[3])
                     : "r"(address)
                     : "memory");
    else
        asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
                     : "=r"(to[0]), "=r"(to[1]), "=r"(to[2]), "=r"(to[3])
                     : "r"(address)
                     : "memory");
}

template <typename T> __device__ __forceinline__ void gd_mma_m16n8k8(float c[4], const unsigned a[2], const unsigned *b)
{
    asm volatile("mma.sync.aligned.m16n8k8.row.col.f32.f16.f16.f32 {%0, %1, %2, %3}, {%4, %5}, {%6}, {%0, %1, %2, %3};"
                 : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
                 : "r"(a[0]), "r"(a[1]), "r"(b[0]));
}

#if GD_SM >= 80
#define GD_MMA_M16N8K16(type)                                                                                          \
    asm volatile("mma.sync.aligned.m16n8k16.row.col.f32." type "." type ".f32 "                                        \
                 "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"                                     \
                 : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])                                                      \
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]))

template <typename T> __device__ void gd_mma_m16n8k16(float c[4], const unsigned a[4], const unsigned b[2]);
template <>
__device__ __forceinline__ void gd_mma_m16n8k16<__half>(float c[4], const unsigned a[4], const unsigned b[2])
{
    GD_MMA_M16N8K16("f16");
}
template <>
__device__ __forceinline__ void gd_mma_m16n8k16<__nv_bfloat16>(float c[4], const unsigned a[4], const unsigned b[2])
{
    GD_MMA_M16N8K16("bf16");
}
#undef GD_MMA_M16N8K16
#endif

#else

template <bool is_transposed> __forceinline__ void gd_ldmatrix_x4(unsigned to[4], const void *shared_row)
{
    emulator::ldmatrix_x4(to, shared_row, is_transposed);
}

template <typename T> constexpr emulator::element gd_element = emulator::element::f16;
template <> inline constexpr emulator::element gd_element<__nv_bfloat16> = emulator::element::bf16;

template <typename T> __forceinline__ void gd_mma_m16n8k8(float c[4], const unsigned a[2], const unsigned *b)
{
    emulator::mma_m16n8(c, a, b, 8, gd_element<T>);
}

template <typename T> __forceinline__ void gd_mma_m16n8k16(float c[4], const unsigned a[4], const unsigned b[2])
{
    emulator::mma_m16n8(c, a, b, 16, gd_element<T>);
}

#endif

#endif
