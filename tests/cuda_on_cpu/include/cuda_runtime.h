// SPDX-License-Identifier: Apache-2.0
/* CUDA C++ for a C++ compiler: the built-in variables and functions that kernels use. */
#ifndef CUDA_RUNTIME_H
#define CUDA_RUNTIME_H

#include "cuda_runtime_api.h"
#include "emulator.h"

#include <cmath>
#include <cstdint>
#include <cstring>

#define __global__
#define __device__
#define __host__
#define __constant__ const
#define __forceinline__ inline __attribute__((always_inline))
#undef __noinline__
#define __launch_bounds__(...)
#define __align__(n) alignas(n)

/* One fiber runs one thread, and in it these never change: being const they cost a load, and the checker does not look
 * at them. The executor, which defines them, writes them at every switch. */
#define GD_BUILT_IN extern __attribute__((visibility("hidden"))) const
GD_BUILT_IN uint3 threadIdx, blockIdx;
GD_BUILT_IN dim3 blockDim, gridDim;
#undef GD_BUILT_IN
constexpr int warpSize = 32;

template <typename Kernel>
inline cudaError_t cudaFuncSetAttribute(Kernel *kernel, enum cudaFuncAttribute attribute, int value)
{
    return cudaFuncSetAttribute(reinterpret_cast<const void *>(kernel), attribute, value);
}

// ---- meetings of a block and of a warp ----
__forceinline__ void __syncthreads(const char *file = __builtin_FILE(), int line = __builtin_LINE())
{
    emulator::barrier(file, line);
}

__forceinline__ int __syncthreads_count(int predicate, const char *file = __builtin_FILE(), int line = __builtin_LINE())
{
    return emulator::barrier_count(predicate, file, line);
}

__forceinline__ void __syncwarp(unsigned mask = 0xffffffff) { emulator::warp_sync(mask); }
__forceinline__ unsigned __ballot_sync(unsigned mask, int predicate)
{
    return emulator::warp_ballot(mask, predicate != 0);
}
__forceinline__ int __any_sync(unsigned mask, int predicate) { return __ballot_sync(mask, predicate) != 0; }
__forceinline__ int __all_sync(unsigned mask, int predicate) { return __ballot_sync(mask, !predicate) == 0; }
__forceinline__ unsigned __reduce_add_sync(unsigned mask, unsigned value)
{
    return emulator::warp_reduce_add(mask, value);
}
__forceinline__ int __reduce_add_sync(unsigned mask, int value)
{
    return (int)emulator::warp_reduce_add(mask, (unsigned)value);
}

template <typename T> __forceinline__ T gd_shuffle(unsigned mask, T value, int source)
{
    static_assert(sizeof(T) <= 8, "a shuffle moves at most 8 bytes");
    uint64_t bits = 0;
    memcpy(&bits, &value, sizeof value);
    bits = emulator::warp_shuffle(mask, bits, source);
    memcpy(&value, &bits, sizeof value);
    return value;
}

template <typename T> __forceinline__ T __shfl_sync(unsigned mask, T value, int source, int width = 32)
{
    int first = emulator::lane() & ~(width - 1);
    return gd_shuffle(mask, value, first + (source & (width - 1)));
}

/* Beyond the segment of `width` lanes, a lane gets its own value. */
template <typename T> __forceinline__ T __shfl_xor_sync(unsigned mask, T value, int flip, int width = 32)
{
    int lane = emulator::lane(), source = lane ^ flip;
    return gd_shuffle(mask, value, source < (lane & ~(width - 1)) + width ? source : lane);
}

template <typename T> __forceinline__ T __shfl_down_sync(unsigned mask, T value, unsigned by, int width = 32)
{
    int lane = emulator::lane(), source = lane + (int)by;
    return gd_shuffle(mask, value, source < (lane & ~(width - 1)) + width ? source : lane);
}

template <typename T> __forceinline__ T __shfl_up_sync(unsigned mask, T value, unsigned by, int width = 32)
{
    int lane = emulator::lane(), source = lane - (int)by;
    return gd_shuffle(mask, value, source >= (lane & ~(width - 1)) ? source : lane);
}

// ---- memory: atomics are defined in atomic.cc, out of the checker's sight but told to it ----
#define GD_ATOMICS(T)                                                                                                  \
    T atomicAdd(T *, T);                                                                                               \
    T atomicMax(T *, T);                                                                                               \
    T atomicMin(T *, T);                                                                                               \
    T atomicExch(T *, T);                                                                                              \
    T atomicCAS(T *, T compare, T value);
GD_ATOMICS(int)
GD_ATOMICS(unsigned)
GD_ATOMICS(unsigned long long)
#undef GD_ATOMICS
float atomicAdd(float *, float);
double atomicAdd(double *, double);
float atomicExch(float *, float);
unsigned atomicOr(unsigned *, unsigned);
unsigned atomicAnd(unsigned *, unsigned);
unsigned atomicInc(unsigned *, unsigned limit);

void __threadfence();
inline void __threadfence_block() { __threadfence(); }
template <typename T> __forceinline__ T __ldg(const T *p) { return *p; }

// ---- arithmetic: the fast forms are as exact as the others here ----
inline float __expf(float x) { return expf(x); }
inline float __logf(float x) { return logf(x); }
inline float __powf(float x, float y) { return powf(x, y); }
inline float __fdividef(float x, float y) { return x / y; }
inline float __fadd_rn(float x, float y) { return x + y; }
inline float __fsub_rn(float x, float y) { return x - y; }
inline float __fmul_rn(float x, float y) { return x * y; }
inline float __fdiv_rn(float x, float y) { return x / y; }
inline float __fmaf_rn(float x, float y, float z) { return fmaf(x, y, z); }
inline float __fsqrt_rn(float x) { return sqrtf(x); }
inline float __frcp_rn(float x) { return 1 / x; }
inline float __frsqrt_rn(float x) { return 1 / sqrtf(x); }
inline float rsqrtf(float x) { return 1 / sqrtf(x); }
inline float __saturatef(float x) { return x > 0 ? (x < 1 ? x : 1) : 0; }
inline float __int2float_rn(int x) { return (float)x; }
inline float __uint2float_rn(unsigned x) { return (float)x; }
inline int __float2int_rn(float x) { return (int)rintf(x); }

inline unsigned __umulhi(unsigned x, unsigned y) { return (unsigned)((uint64_t)x * y >> 32); }
inline int __popc(unsigned x) { return __builtin_popcount(x); }
inline int __ffs(int x) { return __builtin_ffs(x); }
inline int __clz(int x) { return x ? __builtin_clz((unsigned)x) : 32; }

inline unsigned __float_as_uint(float x)
{
    unsigned bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

inline float __uint_as_float(unsigned bits)
{
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

inline int __float_as_int(float x) { return (int)__float_as_uint(x); }
inline float __int_as_float(int bits) { return __uint_as_float((unsigned)bits); }

#define GD_MIN_MAX(T)                                                                                                  \
    inline T min(T x, T y) { return y < x ? y : x; }                                                                   \
    inline T max(T x, T y) { return x < y ? y : x; }
GD_MIN_MAX(int)
GD_MIN_MAX(unsigned)
GD_MIN_MAX(long)
GD_MIN_MAX(unsigned long)
GD_MIN_MAX(long long)
GD_MIN_MAX(unsigned long long)
#undef GD_MIN_MAX
inline float min(float x, float y) { return fminf(x, y); }
inline float max(float x, float y) { return fmaxf(x, y); }

#endif
