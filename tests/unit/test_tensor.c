// SPDX-License-Identifier: Apache-2.0
#include "tensor/tensor.h"
#include "unit.h"

#include <math.h>
#include <string.h>

static float from_bits(uint32_t bits)
{
    float f;
    memcpy(&f, &bits, sizeof f);
    return f;
}

TEST(bf16_rounds_to_nearest_ties_to_even)
{
    CHECK_EQ_INT(gd_f32_to_bf16(1.0f), 0x3f80);
    CHECK_EQ_INT(gd_f32_to_bf16(from_bits(0x3f807fff)), 0x3f80); /* just below the middle */
    CHECK_EQ_INT(gd_f32_to_bf16(from_bits(0x3f808000)), 0x3f80); /* the middle: to even, down */
    CHECK_EQ_INT(gd_f32_to_bf16(from_bits(0x3f818000)), 0x3f82); /* the middle: to even, up */
    CHECK_EQ_INT(gd_f32_to_bf16(from_bits(0x3f808001)), 0x3f81);
    CHECK_EQ_INT(gd_f32_to_bf16(from_bits(0x7f7fffff)), 0x7f80); /* the largest float rounds to infinity */
    CHECK_EQ_INT(gd_f32_to_bf16(-0.0f), 0x8000);
}

TEST(bf16_keeps_nan_a_nan)
{
    CHECK(isnan(gd_bf16_to_f32(gd_f32_to_bf16(from_bits(0x7f800001))))); /* its low bits alone say NaN */
    CHECK(isnan(gd_bf16_to_f32(gd_f32_to_bf16(from_bits(0xffffffff)))));
    CHECK(isinf(gd_bf16_to_f32(gd_f32_to_bf16(INFINITY))));
}

TEST(every_bf16_survives_a_float)
{
    for (uint32_t h = 0; h < 65536; h++) {
        float f = gd_bf16_to_f32((uint16_t)h);
        if (!isnan(f))
            CHECK_EQ_INT(gd_f32_to_bf16(f), h);
    }
}

TEST(every_f16_survives_a_double)
{
    for (uint32_t h = 0; h < 65536; h++) {
        uint16_t in = (uint16_t)h, out;
        double value = gd_load(&in, GD_F16, 0);
        gd_store(&out, GD_F16, 0, value);
        if (isnan(value))
            CHECK(isnan(gd_load(&out, GD_F16, 0)));
        else
            CHECK_EQ_INT(out, in);
    }
}

/* What the bits of a half mean, from IEEE 754's table. */
static double meaning_of_f16(uint32_t h)
{
    int exponent = (int)(h >> 10 & 31), mantissa = (int)(h & 1023);
    double magnitude = exponent == 0 ? ldexp(mantissa, -24) : ldexp(1024 + mantissa, exponent - 25);
    if (exponent == 31)
        magnitude = mantissa ? NAN : INFINITY;
    return h >> 15 ? -magnitude : magnitude;
}

TEST(every_f16_means_what_the_standard_says)
{
    for (uint32_t h = 0; h < 65536; h++) {
        double want = meaning_of_f16(h), got = (double)gd_f16_to_f32((uint16_t)h);
        CHECK(isnan(want) ? isnan(got) : got == want && !signbit(got) == !signbit(want));
        if (!isnan(want))
            CHECK_EQ_INT(gd_f32_to_f16((float)want), h);
    }
}

TEST(f16_rounds_to_nearest_ties_to_even)
{
    for (uint32_t h = 0; h < 0x7c00; h++) { /* the middle between neighbours, and the floats beside it */
        float middle = (float)((meaning_of_f16(h) + (h == 0x7bff ? 65536 : meaning_of_f16(h + 1))) / 2);
        uint32_t even = h + (h & 1);
        CHECK_EQ_INT(gd_f32_to_f16(middle), even);
        CHECK_EQ_INT(gd_f32_to_f16(nextafterf(middle, 0)), h);
        CHECK_EQ_INT(gd_f32_to_f16(nextafterf(middle, INFINITY)), h + 1);
        CHECK_EQ_INT(gd_f32_to_f16(-middle), 0x8000 | even);
    }
    CHECK_EQ_INT(gd_f32_to_f16(3e38f), 0x7c00);
    CHECK_EQ_INT(gd_f32_to_f16(-INFINITY), 0xfc00);
    CHECK_EQ_INT(gd_f32_to_f16(1e-45f), 0);
    CHECK_EQ_INT(gd_f32_to_f16(-0.0f), 0x8000);
}

TEST(f16_keeps_nan_a_nan)
{
    CHECK(isnan(gd_f16_to_f32(gd_f32_to_f16(from_bits(0x7f800001))))); /* its low bits alone say NaN */
    CHECK(isnan(gd_f16_to_f32(gd_f32_to_f16(from_bits(0xffffffff)))));
}

TEST(f16_rounds_at_its_borders)
{
    uint16_t h;
    gd_store(&h, GD_F16, 0, 65504);
    CHECK_EQ_INT(h, 0x7bff); /* the largest */
    gd_store(&h, GD_F16, 0, 65519);
    CHECK_EQ_INT(h, 0x7bff);
    gd_store(&h, GD_F16, 0, 65520);
    CHECK_EQ_INT(h, 0x7c00); /* infinity */
    gd_store(&h, GD_F16, 0, ldexp(1, -24));
    CHECK_EQ_INT(h, 1); /* the smallest */
    gd_store(&h, GD_F16, 0, ldexp(1, -25));
    CHECK_EQ_INT(h, 0); /* half of it: to even */
    gd_store(&h, GD_F16, 0, ldexp(3, -25));
    CHECK_EQ_INT(h, 2);
}

TEST(epsilon_is_half_an_ulp_of_one)
{
    CHECK_NEAR(gd_type_epsilon(GD_F32), ldexp(1, -24), 0);
    CHECK_NEAR(gd_type_epsilon(GD_BF16), ldexp(1, -8), 0);
    CHECK_NEAR(gd_type_epsilon(GD_F16), ldexp(1, -11), 0);
    CHECK_NEAR(gd_type_epsilon(GD_F64), ldexp(1, -53), 0);
    CHECK_NEAR(gd_type_epsilon(GD_U8), 0, 0);
}

TEST(types_go_by_the_names_of_safetensors)
{
    for (gd_type type = 0; type < GD_TYPES; type++) {
        gd_type parsed;
        CHECK(gd_type_parse(gd_type_name(type), &parsed));
        CHECK_EQ_INT(parsed, type);
    }
    gd_type type;
    CHECK(!gd_type_parse("f32", &type));
    CHECK(!gd_type_parse("F8", &type));
    CHECK_TEXT(gd_type_name(GD_BF16), "BF16");
    CHECK_EQ_INT(gd_type_bytes(GD_BF16), 2);
}

TEST(an_absent_tensor_has_nothing)
{
    char text[32];
    gd_desc absent = {0};
    CHECK_EQ_INT(gd_desc_count(absent), 0);
    CHECK_EQ_INT(gd_desc_bytes(absent), 0);
    CHECK_TEXT(gd_desc_text(absent, text, sizeof text), "-");
    CHECK(!gd_desc_same_shape(absent, gd_desc_1(GD_F32, 1)));
}

TEST(descriptors_count_and_print)
{
    char text[32], little[5];
    gd_desc desc = gd_desc_4(GD_BF16, 2, 5, 7, 3);
    CHECK_EQ_INT(gd_desc_count(desc), 210);
    CHECK_EQ_INT(gd_desc_bytes(desc), 420);
    CHECK_TEXT(gd_desc_text(desc, text, sizeof text), "2x5x7x3");
    CHECK_TEXT(gd_desc_text(desc, little, sizeof little), "2x5x");
    CHECK(gd_desc_same_shape(desc, gd_desc_4(GD_F32, 2, 5, 7, 3)));
    CHECK(!gd_desc_same_shape(desc, gd_desc_4(GD_BF16, 2, 5, 3, 7)));
    CHECK(!gd_desc_same_shape(gd_desc_1(GD_F32, 6), gd_desc_2(GD_F32, 6, 1)));
}

TEST(conversion_goes_through_every_type)
{
    const float from[] = {0, 1, -2.5f, 100};
    unsigned char there[64];
    float back[4];
    const gd_type types[] = {GD_F32, GD_BF16, GD_F16, GD_F64};
    for (size_t t = 0; t < sizeof types / sizeof *types; t++) {
        gd_convert(there, types[t], from, GD_F32, 4);
        gd_convert(back, GD_F32, there, types[t], 4);
        for (int i = 0; i < 4; i++)
            CHECK_NEAR(back[i], from[i], 0);
    }
}

TEST(integers_load_as_they_are)
{
    const uint8_t bytes[] = {0, 255};
    const int32_t ints[] = {-7, 1 << 30};
    const int64_t longs[] = {-9, (int64_t)1 << 40};
    CHECK_NEAR(gd_load(bytes, GD_U8, 1), 255, 0);
    CHECK_NEAR(gd_load(ints, GD_I32, 0), -7, 0);
    CHECK_NEAR(gd_load(longs, GD_I64, 1), ldexp(1, 40), 0);
}
