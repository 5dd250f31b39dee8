// SPDX-License-Identifier: Apache-2.0
/* One source, several builds. A file named <op>_ref.c or <op>_simd.c includes this and is compiled once per variant
 * by the build (CMakeLists.txt), with GD_VARIANT the suffix of its symbols and one of GD_STORE_F32, _BF16, _F16, _F64:
 *
 *     _ref.c    ref_f32, ref_bf16, ref_f16, ref_f64     the reference; f64 is the judge of the tolerance law
 *     _simd.c   avx512_f32, avx512_bf16, avx512_f16, avx2_f32 …    plain loops that the compiler vectorises
 *
 * Activations are arrays of store_t, read by load() and written by store(); parameters, their gradients and
 * statistics are arrays of real; arithmetic is real's.
 */
#ifndef GD_KERNEL_VARIANT_H
#define GD_KERNEL_VARIANT_H

#include "kernel/kernel.h"

#define GD_JOIN_(a, b) a##_##b
#define GD_JOIN(a, b) GD_JOIN_(a, b)
#define GD_NAME(f) GD_JOIN(f, GD_VARIANT)

#if defined(GD_STORE_F64)
typedef double store_t;
typedef double real;
static inline real load(store_t v) { return v; }
static inline store_t store(real v) { return v; }
#elif defined(GD_STORE_BF16)
typedef uint16_t store_t;
typedef float real;
static inline real load(store_t v) { return gd_bf16_to_f32(v); }
static inline store_t store(real v) { return gd_f32_to_bf16(v); }
#elif defined(GD_STORE_F16)
typedef uint16_t store_t;
typedef float real;
static inline real load(store_t v) { return gd_f16_to_f32(v); }
static inline store_t store(real v) { return gd_f32_to_f16(v); }
#else
typedef float store_t;
typedef float real;
static inline real load(store_t v) { return v; }
static inline store_t store(real v) { return v; }
#endif

/* v where `yes`, else 0. By a mask in 16 bits: compilers leave a choice there by a 32-bit comparison scalar. */
static inline store_t keep(store_t v, int yes)
{
#if defined(GD_STORE_BF16) || defined(GD_STORE_F16)
    return (store_t)(v & -(uint32_t)yes);
#else
    return yes ? v : 0;
#endif
}

#endif
