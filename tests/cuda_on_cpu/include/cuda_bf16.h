// SPDX-License-Identifier: Apache-2.0
/* bfloat16: a float's upper half. Conversion rounds to nearest, ties to even. */
#ifndef CUDA_BF16_H
#define CUDA_BF16_H

#include "cuda_runtime.h"

inline uint16_t gd_bf16_bits(float value)
{
    uint32_t bits = __float_as_uint(value);
    if ((bits & 0x7fffffff) > 0x7f800000)
        return 0x7fff;
    return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

struct alignas(2) __nv_bfloat16 {
    uint16_t bits;
    __nv_bfloat16() = default;
    __nv_bfloat16(float value) : bits(gd_bf16_bits(value)) {}
    operator float() const { return __uint_as_float((uint32_t)bits << 16); }
};

struct alignas(4) __nv_bfloat162 {
    __nv_bfloat16 x, y;
};

inline __nv_bfloat16 __float2bfloat16(float value) { return __nv_bfloat16(value); }
inline __nv_bfloat16 __float2bfloat16_rn(float value) { return __nv_bfloat16(value); }
inline float __bfloat162float(__nv_bfloat16 value) { return value; }
inline unsigned short __bfloat16_as_ushort(__nv_bfloat16 value) { return value.bits; }

inline __nv_bfloat16 __ushort_as_bfloat16(unsigned short bits)
{
    __nv_bfloat16 value;
    value.bits = bits;
    return value;
}

inline __nv_bfloat162 __floats2bfloat162_rn(float x, float y) { return {__nv_bfloat16(x), __nv_bfloat16(y)}; }
inline float2 __bfloat1622float2(__nv_bfloat162 v) { return {v.x, v.y}; }

inline __nv_bfloat16 operator+(__nv_bfloat16 x, __nv_bfloat16 y) { return __nv_bfloat16((float)x + (float)y); }
inline __nv_bfloat16 operator-(__nv_bfloat16 x, __nv_bfloat16 y) { return __nv_bfloat16((float)x - (float)y); }
inline __nv_bfloat16 operator*(__nv_bfloat16 x, __nv_bfloat16 y) { return __nv_bfloat16((float)x * (float)y); }

#endif
