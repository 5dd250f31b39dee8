// SPDX-License-Identifier: Apache-2.0
/* Copies of 16 bytes from global to shared memory that go on while the thread computes, where the card can (80); loads
 * and stores elsewhere. A thread's copies since its last commit are a group; wait<N> waits until at most N of its
 * groups are on their way. Other threads see the bytes after a barrier that follows the wait.
 *
 *     gd_copy_async16(&tile[row][column], x + offset, is_inside);   outside: zeros, and `x + offset` is not read
 *     gd_copy_commit();
 *     gd_copy_wait<0>();
 *     __syncthreads();
 */
#ifndef GD_COPY_CUH
#define GD_COPY_CUH

#include "machine.cuh"
#include "storage.cuh"

#if defined(__CUDACC__) && GD_SM >= 80

__device__ __forceinline__ void gd_copy_async16(void *to_shared, const void *from_global, bool is_valid)
{
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(
                     static_cast<unsigned>(__cvta_generic_to_shared(to_shared))),
                 "l"(__cvta_generic_to_global(from_global)), "r"(is_valid ? 16 : 0)
                 : "memory");
}

__device__ __forceinline__ void gd_copy_commit() { asm volatile("cp.async.commit_group;" ::: "memory"); }
template <int N> __device__ __forceinline__ void gd_copy_wait()
{
    asm volatile("cp.async.wait_group %0;" ::"n"(N) : "memory");
}

#elif GD_SM >= 80

__forceinline__ void gd_copy_async16(void *to_shared, const void *from_global, bool is_valid)
{
    emulator::copy_async16(to_shared, from_global, is_valid);
}

__forceinline__ void gd_copy_commit() { emulator::copy_commit(); }
template <int N> __forceinline__ void gd_copy_wait() { emulator::copy_wait(N); }

#else

__device__ __forceinline__ void gd_copy_async16(void *to_shared, const void *from_global, bool is_valid)
{
    gd_vector<unsigned> value = {};
    if (is_valid)
        value = gd_vector_load(static_cast<const unsigned *>(from_global));
    gd_vector_store(static_cast<unsigned *>(to_shared), value);
}

__device__ __forceinline__ void gd_copy_commit() {}
template <int N> __device__ __forceinline__ void gd_copy_wait() {}

#endif

#endif
