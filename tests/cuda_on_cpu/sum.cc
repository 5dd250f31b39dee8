// SPDX-License-Identifier: Apache-2.0
/* Two models. The plain one adds in double and rounds once: the best answer. With GRIDDLE_EMULATED_TRUNCATE=1 the one
 * that was found on cards: products are exact; those of a group and the running sum are aligned to the largest exponent
 * among them, which of a product is the sum of its factors', cut off (not rounded) so many bits below it, added without
 * loss, and cut off to a float. Groups follow each other along K.
 *
 *     V100              groups of 4     23 bits
 *     T4, A100, Ada     groups of 8     24
 *     H100, Blackwell   groups of 16    25
 *
 * Fasi, Higham, Mikaitis and Pranesh, "Numerical behavior of NVIDIA tensor cores", 2021, found most of it; Xie, Wang,
 * Yang and Yang, "MMA-Sim", 2025 (arXiv 2511.10909), all of it, and held it bit by bit against these cards.
 * tests/golden/tensor-sums.txt is what their program says. This project has not held it against a card.
 */
#include "sum.h"

#include "cuda_bf16.h"
#include "cuda_fp16.h"
#include "settings.h"

#include <algorithm>
#include <cmath>

namespace emulator
{
static double value_of(uint16_t bits, element type)
{
    return type == element::f16 ? gd_half_value(bits) : __uint_as_float((uint32_t)bits << 16);
}

/* Of what is not zero; a subnormal number has that of the smallest normal one. */
static int exponent_of(uint16_t bits, element type)
{
    int biased = type == element::f16 ? bits >> 10 & 31 : bits >> 7 & 255, bias = type == element::f16 ? 15 : 127;
    return std::max(biased, 1) - bias;
}

static int exponent_of(float c) { return std::max(std::ilogb(c), -126); }

static float cut_to_float(double x)
{
    float nearest = (float)x;
    return std::fabs((double)nearest) > std::fabs(x) ? std::nextafter(nearest, 0.0f) : nearest;
}

struct Unit {
    int group, bits; // numbers that are added at once; kept of each below the largest exponent
};

static Unit unit_of(int sm) { return sm < 75 ? Unit{4, 23} : sm < 90 ? Unit{8, 24} : Unit{16, 25}; }

/* Exact in double: at most 17 terms of 27 bits at one exponent. */
static float add_group(float c, const uint16_t *a, const uint16_t *b, int n, element type, int bits)
{
    const int of_zero = -108 - bits; // below what a float can tell from it
    double products[16], sum = c;
    int top = c != 0 ? exponent_of(c) : of_zero;
    for (int i = 0; i < n; i++) {
        products[i] = value_of(a[i], type) * value_of(b[i], type);
        sum += products[i];
        top = std::max(top, products[i] != 0 ? exponent_of(a[i], type) + exponent_of(b[i], type) : of_zero);
    }
    if (!std::isfinite(sum))
        return (float)sum;
    int last_bit = top - bits + (settings().truncate - 1);
    double cut = std::trunc(std::ldexp(c, -last_bit));
    for (int i = 0; i < n; i++)
        cut += std::trunc(std::ldexp(products[i], -last_bit));
    return cut_to_float(std::ldexp(cut, last_bit));
}

float tensor_sum(float c, const uint16_t *a, const uint16_t *b, int k, element type)
{
    if (!settings().truncate) {
        double sum = c;
        for (int i = 0; i < k; i++)
            sum += value_of(a[i], type) * value_of(b[i], type);
        return (float)sum;
    }
    Unit unit = unit_of(settings().card.sm);
    for (int i = 0; i < k; i += unit.group)
        c = add_group(c, a + i, b + i, std::min(unit.group, k - i), type, unit.bits);
    return c;
}
} // namespace emulator
