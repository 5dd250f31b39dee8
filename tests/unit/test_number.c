// SPDX-License-Identifier: Apache-2.0
#include "serve/number.h"

#include "unit.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void agrees(float value)
{
    char got[GD_NUMBER_BYTES + 1], want[64];
    got[gd_number_print(value, got)] = '\0';
    snprintf(want, sizeof want, "%.9g", (double)value);
    if (strcmp(got, want) != 0)
        unit_fail(__FILE__, __LINE__, "%a is printed as %s, not %s", (double)value, got, want);
}

static float float_of(uint32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

TEST(is_what_printf_prints)
{
    static const float values[] = {0,          1,      0.5f,           0.1f,    1e-4f,  9.9999e-5f, 1e-5f,
                                   1e-10f,     1e-18f, 1.0842022e-19f, 1e-19f,  1e-30f, 1e-45f,     0.99999994f,
                                   1.0000001f, 2,      123456.789f,    3.4e38f, -0.25f, -1,         -1e-20f};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        agrees(values[i]);
    for (int x = 0; x < 25; x++) { /* around powers of ten, where the number of digits changes */
        const float power = (float)pow(10, -x);
        uint32_t bits;
        memcpy(&bits, &power, sizeof bits);
        for (uint32_t i = 0; i < 200; i++)
            agrees(float_of(bits - 100 + i));
    }
    for (int exponent = 1; exponent < 128; exponent++) { /* ties, and the ends of every power of two */
        for (uint32_t i = 0; i < 64; i++) {
            agrees(float_of((uint32_t)exponent << 23 | i));
            agrees(float_of((uint32_t)exponent << 23 | (0x7fffffu - i)));
            agrees(float_of((uint32_t)exponent << 23 | i << 17));
        }
    }
}

TEST(is_what_printf_prints_of_any_probability)
{
    /* every float from 2^-64 to 1 in strides that meet all residues; GRIDDLE_LONG: closer ones */
    const uint32_t stride = getenv("GRIDDLE_LONG") ? 101 : 1009, first = (127u - 64) << 23, last = 127u << 23;
    for (uint32_t bits = first; bits <= last; bits += stride)
        agrees(float_of(bits));
}
