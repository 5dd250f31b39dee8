// SPDX-License-Identifier: Apache-2.0
/* Atomics: one thread runs at a time, so the plain operation is one; the checker is told that it was meant to be. */
#include "cuda_runtime.h"

#include "check.h"

namespace
{
template <typename T, typename Change> T change(T *p, const void *pc, Change new_value)
{
    emulator::check_access(p, sizeof *p, emulator::Access::ATOMIC, pc);
    T old = *p;
    *p = new_value(old);
    return old;
}
} // namespace

#define HERE __builtin_return_address(0)
#define ATOMICS(T)                                                                                                     \
    T atomicAdd(T *p, T v)                                                                                             \
    {                                                                                                                  \
        return change(p, HERE, [v](T old) { return (T)(old + v); });                                                   \
    }                                                                                                                  \
    T atomicMax(T *p, T v)                                                                                             \
    {                                                                                                                  \
        return change(p, HERE, [v](T old) { return old < v ? v : old; });                                              \
    }                                                                                                                  \
    T atomicMin(T *p, T v)                                                                                             \
    {                                                                                                                  \
        return change(p, HERE, [v](T old) { return v < old ? v : old; });                                              \
    }                                                                                                                  \
    T atomicExch(T *p, T v)                                                                                            \
    {                                                                                                                  \
        return change(p, HERE, [v](T) { return v; });                                                                  \
    }                                                                                                                  \
    T atomicCAS(T *p, T compare, T v)                                                                                  \
    {                                                                                                                  \
        return change(p, HERE, [=](T old) { return old == compare ? v : old; });                                       \
    }

ATOMICS(int)
ATOMICS(unsigned)
ATOMICS(unsigned long long)

float atomicAdd(float *p, float v)
{
    return change(p, HERE, [v](float old) { return old + v; });
}

double atomicAdd(double *p, double v)
{
    return change(p, HERE, [v](double old) { return old + v; });
}

float atomicExch(float *p, float v)
{
    return change(p, HERE, [v](float) { return v; });
}

unsigned atomicOr(unsigned *p, unsigned v)
{
    return change(p, HERE, [v](unsigned old) { return old | v; });
}

unsigned atomicAnd(unsigned *p, unsigned v)
{
    return change(p, HERE, [v](unsigned old) { return old & v; });
}

unsigned atomicInc(unsigned *p, unsigned limit)
{
    return change(p, HERE, [limit](unsigned old) { return old >= limit ? 0 : old + 1; });
}

void __threadfence() { __asm__ volatile("" ::: "memory"); }
