// SPDX-License-Identifier: Apache-2.0
/* The built-in vector types, with the alignment they have on a GPU. */
#ifndef VECTOR_TYPES_H
#define VECTOR_TYPES_H

typedef struct uint3 {
    unsigned x, y, z;
} uint3;

typedef struct dim3 {
    unsigned x, y, z;
#ifdef __cplusplus
    constexpr dim3(unsigned width = 1, unsigned height = 1, unsigned depth = 1) : x(width), y(height), z(depth) {}
#endif
} dim3;

#ifdef __cplusplus
#define GD_VECTOR_2(scalar, name, alignment)                                                                           \
    struct alignas(alignment) name {                                                                                   \
        scalar x, y;                                                                                                   \
    };                                                                                                                 \
    static inline name make_##name(scalar x, scalar y) { return {x, y}; }
#define GD_VECTOR_4(scalar, name, alignment)                                                                           \
    struct alignas(alignment) name {                                                                                   \
        scalar x, y, z, w;                                                                                             \
    };                                                                                                                 \
    static inline name make_##name(scalar x, scalar y, scalar z, scalar w) { return {x, y, z, w}; }

GD_VECTOR_2(float, float2, 8)
GD_VECTOR_2(double, double2, 16)
GD_VECTOR_2(int, int2, 8)
GD_VECTOR_2(unsigned, uint2, 8)
GD_VECTOR_4(float, float4, 16)
GD_VECTOR_4(int, int4, 16)
GD_VECTOR_4(unsigned, uint4, 16)
GD_VECTOR_4(unsigned char, uchar4, 4)

#undef GD_VECTOR_2
#undef GD_VECTOR_4
#endif

#endif
