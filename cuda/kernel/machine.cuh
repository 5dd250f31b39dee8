// SPDX-License-Identifier: Apache-2.0
/* The few things in which architectures differ, and a GPU from a CPU; all else in kernels is plain CUDA.
 *
 * A kernel is compiled by nvcc for GPUs, by NVRTC for sm_70 where nvcc no longer knows it, and for tests by a C++
 * compiler, where tests/cuda_on_cpu executes it thread by thread and checks every access.
 *
 *     __global__ void scale(float *y, const float *x, float by, int n) { … }
 *     cudaError_t error = GD_LAUNCH(scale, dim3(blocks), dim3(256), 0, stream, y, x, 2, n);
 *     GD_LAUNCH((scale_as<__half, 4>), …)                     a template's name goes in parentheses
 *
 *     GD_SHARED(float, tile, [32][33]);                       an array of the block's
 *     GD_DYNAMIC_SHARED(float, row);                          the launch says how large
 *     if constexpr (GD_SM >= 80) …                            which of the three paths: 70, 75, 80
 *
 * Types in storage, vectors      storage.cuh      Sums over a warp, a block      reduce.cuh
 * Asynchronous copies            copy.cuh         Tensor-core tiles              tile.cuh
 */
#ifndef GD_MACHINE_CUH
#define GD_MACHINE_CUH

#if !defined(__CUDACC_RTC__) // NVRTC has it built in
#include <cuda_runtime.h>
#endif
#include <cuda_bf16.h>
#include <cuda_fp16.h>

/* A build may fix the path, as tests do. nvcc's pass over host code compiles no device code, but has to parse it: it
 * takes the richest path. */
#if defined(GD_SM_PATH)
#define GD_SM GD_SM_PATH
#elif !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 800
#define GD_SM 80
#elif __CUDA_ARCH__ >= 750
#define GD_SM 75
#else
#define GD_SM 70
#endif

/* Before a loop that is not worth unrolling: one that walks through a grid's worth of work at a time. */
#if defined(__CUDACC__)
#define GD_ROLLED _Pragma("unroll 1")
#else
#define GD_ROLLED
#endif

#if defined(__CUDACC__)

#define GD_SHARED(type, name, dims) __shared__ __align__(32) type name dims
#define GD_DYNAMIC_SHARED(type, name)                                                                                  \
    extern __shared__ __align__(128) unsigned char gd_dynamic_shared[];                                                \
    type *name = reinterpret_cast<type *>(gd_dynamic_shared)

#define GD_LAUNCH(kernel, ...) gd_launch(kernel, __VA_ARGS__)

#if defined(__CUDACC_RTC__) // launches nothing: that it names a kernel is what has it compiled (cuda/nvrtc.h)
template <typename... Parameters, typename... Arguments>
inline cudaError_t gd_launch(void (*)(Parameters...), dim3, dim3, size_t, cudaStream_t, Arguments... arguments)
{
    (void(static_cast<Parameters>(arguments)), ...);
    return cudaSuccess;
}
#else
template <typename... Parameters, typename... Arguments>
inline cudaError_t gd_launch(void (*kernel)(Parameters...), dim3 grid, dim3 block, size_t shared_bytes,
                             cudaStream_t stream, Arguments... arguments)
{
    if (shared_bytes > 48 * 1024) { // more than that has to be asked for
        cudaError_t error =
            cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, static_cast<int>(shared_bytes));
        if (error != cudaSuccess)
            return error;
    }
    kernel<<<grid, block, shared_bytes, stream>>>(static_cast<Parameters>(arguments)...);
    return cudaGetLastError();
}
#endif

#else // on a CPU

#define GD_SHARED(type, name, dims)                                                                                    \
    static const char gd_key_of_##name = 0;                                                                            \
    typedef type gd_type_of_##name dims;                                                                               \
    gd_type_of_##name &name =                                                                                          \
        *static_cast<gd_type_of_##name *>(emulator::shared_array(&gd_key_of_##name, sizeof(gd_type_of_##name), #name))
#define GD_DYNAMIC_SHARED(type, name) type *name = static_cast<type *>(emulator::dynamic_shared())
#define GD_LAUNCH(kernel, ...) gd_launch(#kernel, kernel, __VA_ARGS__)

template <typename... Parameters, typename... Arguments>
inline cudaError_t gd_launch(const char *name, void (*kernel)(Parameters...), dim3 grid, dim3 block,
                             size_t shared_bytes, cudaStream_t stream, Arguments... arguments)
{
    if (shared_bytes > 48 * 1024) {
        cudaError_t error =
            cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, static_cast<int>(shared_bytes));
        if (error != cudaSuccess)
            return error;
    }
    cudaError_t error = emulator::launch_kernel(name, kernel, grid, block, shared_bytes, stream, arguments...);
    cudaGetLastError();
    return error;
}

#endif

#include "copy.cuh"
#include "reduce.cuh"
#include "storage.cuh"
#include "tile.cuh"

#endif
