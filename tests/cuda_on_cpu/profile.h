// SPDX-License-Identifier: Apache-2.0
/* With GRIDDLE_EMULATED_PROFILE=1: for every source line that touches memory, how many 32-byte sectors (global) or
 * bank cycles (shared) a warp's request takes, against the fewest that could carry it. Looks at block 0 of each launch.
 */
#ifndef CUDA_ON_CPU_PROFILE_H
#define CUDA_ON_CPU_PROFILE_H

#include <cstddef>

namespace emulator
{
void profile_access(const void *, size_t bytes, bool is_write, const void *pc);
void profile_end_block();
} // namespace emulator

#endif
