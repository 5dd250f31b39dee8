// SPDX-License-Identifier: Apache-2.0
/* IEEE half precision. Conversion rounds to nearest, ties to even; arithmetic rounds once after each operation. */
#ifndef CUDA_FP16_H
#define CUDA_FP16_H

#include "cuda_runtime.h"

/* Scaling by powers of two lets the float unit do the rounding: adding and taking away a number whose last bit weighs
 * as much as the half's last bit would. */
inline uint16_t gd_half_bits(float value)
{
    uint32_t bits = __float_as_uint(value), sign = bits >> 16 & 0x8000, magnitude = bits & 0x7fffffff;
    if (magnitude > 0x7f800000)
        return 0x7fff; // the one NaN that CUDA's conversion gives
    if (magnitude >= 0x47800000)
        return (uint16_t)(sign | 0x7c00); // 65536 and more
    if (magnitude < 0x38800000) {         // below 2^-14: multiples of 2^-24
        float rounded = __uint_as_float(magnitude) + 0.5f;
        return (uint16_t)(sign | (__float_as_uint(rounded) - 0x3f000000));
    }
    uint32_t even = magnitude >> 13 & 1;
    return (uint16_t)(sign | (magnitude - 0x38000000 + 0xfff + even) >> 13);
}

inline float gd_half_value(uint16_t bits)
{
    uint32_t sign = (uint32_t)(bits & 0x8000) << 16, exponent = bits >> 10 & 31, fraction = bits & 0x3ff;
    if (exponent == 31)
        return __uint_as_float(fraction ? 0x7fffffff : sign | 0x7f800000);
    float magnitude = exponent ? __uint_as_float((exponent + 112) << 23 | fraction << 13) : (float)fraction * 0x1p-24f;
    return __uint_as_float(sign | __float_as_uint(magnitude));
}

struct alignas(2) __half {
    uint16_t bits;
    __half() = default;
    __half(float value) : bits(gd_half_bits(value)) {}
    operator float() const { return gd_half_value(bits); }
};
typedef __half half;

struct alignas(4) __half2 {
    __half x, y;
};
typedef __half2 half2;

inline __half __float2half(float value) { return __half(value); }
inline __half __float2half_rn(float value) { return __half(value); }
inline float __half2float(__half value) { return value; }
inline unsigned short __half_as_ushort(__half value) { return value.bits; }

inline __half __ushort_as_half(unsigned short bits)
{
    __half value;
    value.bits = bits;
    return value;
}

inline __half2 __floats2half2_rn(float x, float y) { return {__half(x), __half(y)}; }
inline __half2 __float22half2_rn(float2 v) { return {__half(v.x), __half(v.y)}; }
inline float2 __half22float2(__half2 v) { return {v.x, v.y}; }

inline __half operator+(__half x, __half y) { return __half((float)x + (float)y); }
inline __half operator-(__half x, __half y) { return __half((float)x - (float)y); }
inline __half operator*(__half x, __half y) { return __half((float)x * (float)y); }
inline __half operator/(__half x, __half y) { return __half((float)x / (float)y); }
inline __half operator-(__half x) { return __ushort_as_half(x.bits ^ 0x8000); }

#endif
