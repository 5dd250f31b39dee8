// SPDX-License-Identifier: Apache-2.0
/* The switch for x86-64 saves what the System V ABI lets a callee keep; other CPUs take ucontext, which makes two
 * system calls a switch and is an order of magnitude slower.
 */
#include "fiber.h"

#include <cstring>

namespace emulator
{
#if defined(GD_FIBER_X86_64)
extern "C" __attribute__((visibility("hidden"))) void gd_fiber_switch(void **from, void *to);
asm(R"(
    .text
    .globl gd_fiber_switch
    .hidden gd_fiber_switch
    .type gd_fiber_switch, @function
gd_fiber_switch:
    pushq %rbp
    pushq %rbx
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq %rsp, (%rdi)
    movq %rsi, %rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbx
    popq %rbp
    ret
    .size gd_fiber_switch, . - gd_fiber_switch
)");

void fiber_begin(Fiber &fiber, char *stack, size_t stack_bytes, void (*entry)())
{
    void **top = reinterpret_cast<void **>(stack + stack_bytes);
    *--top = nullptr; // where entry's caller would be: keeps the stack aligned as after a call
    *--top = reinterpret_cast<void *>(entry);
    top -= 6;
    memset(top, 0, 6 * sizeof *top);
    fiber.stack_pointer = top;
}

void fiber_switch(Fiber &from, Fiber &to) { gd_fiber_switch(&from.stack_pointer, to.stack_pointer); }
#else
void fiber_begin(Fiber &fiber, char *stack, size_t stack_bytes, void (*entry)())
{
    getcontext(&fiber.context);
    fiber.context.uc_stack.ss_sp = stack;
    fiber.context.uc_stack.ss_size = stack_bytes;
    fiber.context.uc_link = nullptr;
    makecontext(&fiber.context, entry, 0);
}

void fiber_switch(Fiber &from, Fiber &to) { swapcontext(&from.context, &to.context); }
#endif
} // namespace emulator
