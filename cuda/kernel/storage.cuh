// SPDX-License-Identifier: Apache-2.0
/* Storage types: float, __half, __nv_bfloat16. Kernels compute in float; memory moves 16 bytes at a time. */
#ifndef GD_STORAGE_CUH
#define GD_STORAGE_CUH

#include "machine.cuh"

__device__ __forceinline__ float gd_load(float value) { return value; }
__device__ __forceinline__ float gd_load(__half value) { return __half2float(value); }
__device__ __forceinline__ float gd_load(__nv_bfloat16 value) { return __bfloat162float(value); }

/* To nearest, ties to even. */
template <typename T> __device__ T gd_store(float value);
template <> __device__ __forceinline__ float gd_store<float>(float value) { return value; }
template <> __device__ __forceinline__ __half gd_store<__half>(float value) { return __float2half_rn(value); }
template <> __device__ __forceinline__ __nv_bfloat16 gd_store<__nv_bfloat16>(float value)
{
    return __float2bfloat16_rn(value);
}

/* What `from` points to, which is in global memory. Of a pointer out of a large struct of arguments that is used only
 * where it is not NULL, compilers do not see that, and take the slower generic path. */
template <typename T> __device__ inline T gd_global(const T *from)
{
#if defined(__CUDACC__)
    return __ldcg(from);
#else
    return *from;
#endif
}

/* 16 bytes in registers; addresses must be multiples of 16. */
template <typename T> struct __align__(16) gd_vector
{
    static constexpr int n = 16 / sizeof(T);
    T at[n];
};

template <typename T> __device__ __forceinline__ gd_vector<T> gd_vector_load(const T *from)
{
#if defined(__CUDACC__)
    union {
        uint4 words;
        gd_vector<T> elements;
    } value = {*reinterpret_cast<const uint4 *>(from)};
    return value.elements;
#else
    gd_vector<T> value;
    emulator::load16(&value, from);
    return value;
#endif
}

template <typename T> __device__ __forceinline__ void gd_vector_store(T *to, const gd_vector<T> &value)
{
#if defined(__CUDACC__)
    *reinterpret_cast<uint4 *>(to) = *reinterpret_cast<const uint4 *>(&value);
#else
    emulator::store16(to, &value);
#endif
}

/* As gd_global. */
template <typename T> __device__ inline gd_vector<T> gd_vector_global(const T *from)
{
#if defined(__CUDACC__)
    union {
        uint4 words;
        gd_vector<T> elements;
    } value = {__ldcg(reinterpret_cast<const uint4 *>(from))};
    return value.elements;
#else
    return gd_vector_load(from);
#endif
}

#endif
