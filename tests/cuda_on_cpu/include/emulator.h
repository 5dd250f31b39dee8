// SPDX-License-Identifier: Apache-2.0
/* What CUDA's own syntax and instructions become on a CPU: the calls that the headers beside this one, and the CPU half
 * of cuda/kernel/machine.cuh, make into the executor. Kernels never name these.
 */
#ifndef CUDA_ON_CPU_EMULATOR_H
#define CUDA_ON_CPU_EMULATOR_H

#include "cuda_runtime_api.h"

#include <cstdint>
#include <memory>
#include <tuple>
#include <utility>

#if !defined(GD_SM_PATH)
#define GD_SM_PATH 80 // as in machine.cuh
#endif

namespace emulator
{
// ---- launching ----
struct Kernel {
    const char *name;
    const void *function;
    dim3 grid, block;
    size_t shared_bytes;
    std::shared_ptr<const void> arguments;
    size_t argument_bytes;
    void (*call)(const void *arguments);
    int path; // the architecture it was compiled for
};
cudaError_t launch(Kernel, cudaStream_t);

/* Arguments are converted to the kernel's parameter types and copied here, at the launch: what the caller does with its
 * variables afterwards no longer matters, as on a GPU. */
template <typename... Parameters, typename... Arguments>
cudaError_t launch_kernel(const char *name, void (*kernel)(Parameters...), dim3 grid, dim3 block, size_t shared_bytes,
                          cudaStream_t stream, Arguments &&...arguments)
{
    using Bound = std::pair<void (*)(Parameters...), std::tuple<Parameters...>>;
    auto bound =
        std::make_shared<const Bound>(kernel, std::tuple<Parameters...>(static_cast<Parameters>(arguments)...));
    auto run = [](const void *to) {
        std::apply(static_cast<const Bound *>(to)->first, static_cast<const Bound *>(to)->second);
    };
    return launch({name, reinterpret_cast<const void *>(kernel), grid, block, shared_bytes, bound, sizeof(Bound), run,
                   GD_SM_PATH},
                  stream);
}

// ---- shared memory: `key` is an address that is the array's own ----
void *shared_array(const void *key, size_t bytes, const char *name);
void *dynamic_shared();

// ---- a block's barrier, a warp's meetings ----
void barrier(const char *file, int line);
int barrier_count(int predicate, const char *file, int line);
void warp_sync(unsigned mask);
uint64_t warp_shuffle(unsigned mask, uint64_t value, int source_lane);
unsigned warp_ballot(unsigned mask, bool predicate);
unsigned warp_reduce_add(unsigned mask, unsigned value);
int lane();

// ---- memory instructions ----
void load16(void *to, const void *from);
void store16(void *to, const void *from);
void copy_async16(void *to_shared, const void *from_global, bool valid);
void copy_commit();
void copy_wait(int groups_left);

// ---- tensor cores ----
enum class element { f16, bf16 };
void ldmatrix_x4(uint32_t to[4], const void *row, bool transposed);
void mma_m16n8(float c[4], const uint32_t *a, const uint32_t *b, int k, element); // k 8 or 16, registers as in PTX

/* A fragment is opaque: which lane holds which element of the 16 x 16 tile is drawn by seed. */
int fragment_place(int lane, int i); // row * 16 + column of element i, of 8
void wmma_touch(const void *p, size_t leading_dim, size_t element_bytes);
void wmma_m16n16k16(float d[8], const uint16_t a[8], const uint16_t b[8], const float c[8], element);

// ---- findings of the checker so far ----
extern "C" __attribute__((visibility("default"))) int gd_emulator_findings(void);
} // namespace emulator

#endif
