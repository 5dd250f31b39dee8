// SPDX-License-Identifier: Apache-2.0
#include "tensor/tensor.h"

#include <stdio.h>
#include <string.h>

static const struct {
    size_t bytes;
    const char *name;
    double epsilon;
} types[GD_TYPES] = {
#define TYPE_ROW(name, bytes, text, epsilon) {bytes, text, epsilon},
    GD_TYPE_MAP(TYPE_ROW)
#undef TYPE_ROW
};

size_t gd_type_bytes(gd_type type) { return types[type].bytes; }
const char *gd_type_name(gd_type type) { return types[type].name; }
double gd_type_epsilon(gd_type type) { return types[type].epsilon; }

bool gd_type_parse(const char *name, gd_type *type)
{
    for (int i = 0; i < GD_TYPES; i++) {
        if (strcmp(name, types[i].name) == 0) {
            *type = (gd_type)i;
            return true;
        }
    }
    return false;
}

gd_desc gd_desc_1(gd_type type, int64_t a) { return (gd_desc){type, 1, {a}}; }
gd_desc gd_desc_2(gd_type type, int64_t a, int64_t b) { return (gd_desc){type, 2, {a, b}}; }
gd_desc gd_desc_4(gd_type type, int64_t a, int64_t b, int64_t c, int64_t d) { return (gd_desc){type, 4, {a, b, c, d}}; }

int64_t gd_desc_count(gd_desc desc)
{
    int64_t count = desc.rank > 0;
    for (int i = 0; i < desc.rank; i++)
        count *= desc.dim[i];
    return count;
}

size_t gd_desc_bytes(gd_desc desc) { return (size_t)gd_desc_count(desc) * gd_type_bytes(desc.type); }

bool gd_desc_same_shape(gd_desc a, gd_desc b)
{
    if (a.rank != b.rank)
        return false;
    for (int i = 0; i < a.rank; i++) {
        if (a.dim[i] != b.dim[i])
            return false;
    }
    return true;
}

const char *gd_desc_text(gd_desc desc, char *text, size_t text_bytes)
{
    int used = snprintf(text, text_bytes, "%s", desc.rank ? "" : "-");
    for (int i = 0; i < desc.rank && used >= 0 && (size_t)used < text_bytes; i++)
        used += snprintf(text + used, text_bytes - (size_t)used, i ? "x%lld" : "%lld", (long long)desc.dim[i]);
    return text;
}

double gd_load(const void *array, gd_type type, int64_t i)
{
    switch (type) {
    case GD_F32:
        return (double)((const float *)array)[i];
    case GD_BF16:
        return (double)gd_bf16_to_f32(((const uint16_t *)array)[i]);
    case GD_F16:
        return (double)gd_f16_to_f32(((const uint16_t *)array)[i]);
    case GD_F64:
        return ((const double *)array)[i];
    case GD_U8:
        return ((const uint8_t *)array)[i];
    case GD_I32:
        return ((const int32_t *)array)[i];
    case GD_I64:
        return (double)((const int64_t *)array)[i];
    case GD_TYPES:
        break;
    }
    return 0;
}

void gd_store(void *array, gd_type type, int64_t i, double value)
{
    switch (type) {
    case GD_F32:
        ((float *)array)[i] = (float)value;
        break;
    case GD_BF16:
        ((uint16_t *)array)[i] = gd_f32_to_bf16((float)value);
        break;
    case GD_F16:
        ((uint16_t *)array)[i] = gd_f32_to_f16((float)value);
        break;
    case GD_F64:
        ((double *)array)[i] = value;
        break;
    case GD_U8:
        ((uint8_t *)array)[i] = (uint8_t)value;
        break;
    case GD_I32:
        ((int32_t *)array)[i] = (int32_t)value;
        break;
    case GD_I64:
        ((int64_t *)array)[i] = (int64_t)value;
        break;
    case GD_TYPES:
        break;
    }
}

void gd_convert(void *to, gd_type to_type, const void *from, gd_type from_type, int64_t n)
{
    if (to_type == from_type) {
        memcpy(to, from, (size_t)n * gd_type_bytes(to_type));
        return;
    }
    for (int64_t i = 0; i < n; i++)
        gd_store(to, to_type, i, gd_load(from, from_type, i));
}
