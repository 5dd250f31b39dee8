// SPDX-License-Identifier: Apache-2.0
/* Types and shapes of tensors. No ownership and no arithmetic.
 *
 * Activations are NHWC, convolution weights KRSC; a tensor is always dense, the last dimension fastest.
 * The letters of shapes (docs/names.md): N batch, H W input, C channels in, K channels out, P Q output, R S window.
 */
#ifndef GD_TENSOR_H
#define GD_TENSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* name, bytes, name in safetensors, machine epsilon (0 for integers) */
#define GD_TYPE_MAP(X)                                                                                                 \
    X(F32, 4, "F32", 5.9604644775390625e-8)                                                                            \
    X(BF16, 2, "BF16", 3.90625e-3)                                                                                     \
    X(F16, 2, "F16", 4.8828125e-4)                                                                                     \
    X(F64, 8, "F64", 1.1102230246251565e-16)                                                                           \
    X(U8, 1, "U8", 0)                                                                                                  \
    X(I32, 4, "I32", 0)                                                                                                \
    X(I64, 8, "I64", 0)

typedef enum gd_type {
#define GD_TYPE_ENUM(name, bytes, text, epsilon) GD_##name,
    GD_TYPE_MAP(GD_TYPE_ENUM)
#undef GD_TYPE_ENUM
        GD_TYPES
} gd_type;

enum { GD_MAX_RANK = 4 };

typedef struct gd_desc {
    gd_type type;
    int rank;                 /* 0: absent */
    int64_t dim[GD_MAX_RANK]; /* (dim[0], …, dim[rank-1]), outermost first */
} gd_desc;

size_t gd_type_bytes(gd_type type);
const char *gd_type_name(gd_type type); /* "F32", as safetensors writes it */
double gd_type_epsilon(gd_type type);   /* half an ulp of 1: the largest relative rounding error; 0 for integers */
bool gd_type_parse(const char *name, gd_type *type);

gd_desc gd_desc_1(gd_type type, int64_t a);
gd_desc gd_desc_2(gd_type type, int64_t a, int64_t b);
gd_desc gd_desc_4(gd_type type, int64_t a, int64_t b, int64_t c, int64_t d);

int64_t gd_desc_count(gd_desc desc); /* elements; 0 where absent */
size_t gd_desc_bytes(gd_desc desc);
bool gd_desc_same_shape(gd_desc a, gd_desc b);

/* "2x5x5x8" into `text`; "-" where absent. Returns `text`. */
const char *gd_desc_text(gd_desc desc, char *text, size_t text_bytes);

/* 16-bit floats. To narrow: round to nearest, ties to even; NaN stays NaN. */
static inline float gd_bf16_to_f32(uint16_t h)
{
    union {
        uint32_t u;
        float f;
    } v = {(uint32_t)h << 16};
    return v.f;
}

static inline uint16_t gd_f32_to_bf16(float f)
{
    union {
        float f;
        uint32_t u;
    } v = {f};
    if ((v.u & 0x7fffffffu) > 0x7f800000u)
        return (uint16_t)((v.u >> 16) | 0x40u);
    return (uint16_t)((v.u + 0x7fffu + ((v.u >> 16) & 1u)) >> 16);
}

/* The same for f16, subnormals too. Every case is worked out and one is picked, so that compilers vectorise loops. */
static inline float gd_f16_to_f32(uint16_t h)
{
    const uint32_t magnitude = (uint32_t)(h & 0x7fffu) << 13, exponent = magnitude & 0x0f800000u;
    union {
        uint32_t u;
        float f;
    } v = {magnitude + (exponent == 0x0f800000u ? 0x70000000u : 0x38000000u)}, small = {magnitude + 0x38800000u};
    small.f -= 6.103515625e-5f; /* subnormal: its bits behind those of 2^-14, which is taken away again */
    v.u = (exponent == 0 ? small.u : v.u) | (uint32_t)(h & 0x8000u) << 16;
    return v.f;
}

static inline uint16_t gd_f32_to_f16(float f)
{
    union {
        float f;
        uint32_t u;
    } v = {f}, small;
    const uint32_t sign = (v.u >> 16) & 0x8000u, magnitude = v.u & 0x7fffffffu;
    small.u = magnitude;
    small.f += 0.5f; /* for subnormals: the adder rounds at the bit of 2^-24 */
    const uint32_t normal = (magnitude - 0x38000000u + 0xfffu + ((magnitude >> 13) & 1u)) >> 13;
    const uint32_t beyond = magnitude > 0x7f800000u ? 0x7e00u : 0x7c00u;
    uint32_t h = magnitude < 0x38800000u ? small.u - 0x3f000000u : normal;
    h = magnitude >= 0x477ff000u ? beyond : h; /* rounds to 2^16 or more */
    return (uint16_t)(sign | h);
}

/* Reads or writes element i of an array of any floating or integer type. For tests, printing and conversion. */
double gd_load(const void *array, gd_type type, int64_t i);
void gd_store(void *array, gd_type type, int64_t i, double value);

/* Converts n elements between floating types. */
void gd_convert(void *to, gd_type to_type, const void *from, gd_type from_type, int64_t n);

#ifdef __cplusplus
}
#endif
#endif
