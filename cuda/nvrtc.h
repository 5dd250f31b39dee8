// SPDX-License-Identifier: Apache-2.0
/* What kernels and their launchers name and NVRTC, which has neither headers nor host code, lacks; read before each .cu
 * (benchmarks/nvrtc.py). Launchers are read as device code, "-default-device": their GD_LAUNCH instantiates its kernel,
 * which is all that is wanted of them. No kernel calls them, so they are not in the cubin, and what they call is only
 * declared here. */
#ifndef GD_CUDA_NVRTC_H
#define GD_CUDA_NVRTC_H

#define NULL 0
#define INT_MAX 2147483647
#define INFINITY __int_as_float(0x7f800000)

typedef signed char int8_t;
typedef short int16_t;
typedef int int32_t;
typedef long int64_t;
typedef unsigned char uint8_t;
typedef unsigned short uint16_t;
typedef unsigned uint32_t;
typedef unsigned long uint64_t;
typedef unsigned long uintptr_t;

extern "C" {
void *calloc(size_t, size_t);
cudaError_t cudaMalloc(void **, size_t);
cudaError_t cudaMemcpy(void *, const void *, size_t, cudaMemcpyKind);
cudaError_t cudaStreamSynchronize(cudaStream_t);
cudaError_t cudaFree(void *);
const char *cudaGetErrorString(cudaError_t);
}

#endif
