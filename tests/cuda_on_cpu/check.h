// SPDX-License-Identifier: Apache-2.0
/* The checker: every access of a kernel, held against what others did to the same bytes. */
#ifndef CUDA_ON_CPU_CHECK_H
#define CUDA_ON_CPU_CHECK_H

#include "stream.h"

namespace emulator
{
/* Were the kernels compiled with calls to the checker? Only then it knows what has been written. */
extern bool is_checked;

enum class Access { READ, WRITE, ATOMIC };

void check_access(const void *, size_t bytes, Access, const void *pc);
void check_copy_begin(void *to, const void *from, const void *pc); // 16 bytes, on their way
void check_copy_end(void *to, const void *pc);
bool check_copy(const void *to, const void *from, size_t bytes); // between host and card; false: it would fault

// what orders accesses
void check_begin_work(unsigned stream, uint64_t item, const Clock &known);
void check_begin_block();
void check_barrier();
void check_warp_sync(int warp);
void check_settle(); // the host has waited for everything
} // namespace emulator

#endif
