// SPDX-License-Identifier: Apache-2.0
/* A stack that can be left and gone back to. */
#ifndef CUDA_ON_CPU_FIBER_H
#define CUDA_ON_CPU_FIBER_H

#include <cstddef>

#if defined(__x86_64__) && !defined(GD_FIBER_UCONTEXT)
#define GD_FIBER_X86_64
#else
#include <ucontext.h>
#endif

namespace emulator
{
struct Fiber {
#if defined(GD_FIBER_X86_64)
    void *stack_pointer;
#else
    ucontext_t context;
#endif
};

/* Makes the next switch to `fiber` call entry(), which must not return. */
void fiber_begin(Fiber &fiber, char *stack, size_t stack_bytes, void (*entry)());
void fiber_switch(Fiber &from, Fiber &to);
} // namespace emulator

#endif
