// SPDX-License-Identifier: Apache-2.0
/* Small functions of headers that the host and kernels on a card share, so that both compute the same. */
#ifndef GD_BASE_INLINE_H
#define GD_BASE_INLINE_H

#ifdef __CUDACC__
#define GD_INLINE __host__ __device__ static inline
#else
#define GD_INLINE static inline
#endif

#endif
