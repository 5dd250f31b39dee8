// SPDX-License-Identifier: Apache-2.0
/* Two models. The plain one adds in double and rounds once: the best answer. With GRIDDLE_EMULATED_TRUNCATE=1 the one
 * that Fasi, Higham, Mikaitis and Pranesh found in V100, T4 and A100 ("Numerical behavior of NVIDIA tensor cores",
 * 2021): products are exact; the products of a group and the running sum are aligned to the largest exponent among
 * them, cut off (not rounded) below the 24th bit and a few more, added, and cut off to a float. Groups are of 4 with no
 * more bits on V100 and T4, of 8 with one more on A100 and its like, of 16 with two more on H100 and later. That is a
 * model from the literature, and this project has not held it against a card.
 */
#include "sum.h"

#include "cuda_bf16.h"
#include "cuda_fp16.h"
#include "settings.h"

#include <algorithm>
#include <climits>
#include <cmath>

namespace emulator
{
static double value_of(uint16_t bits, element type)
{
    return type == element::f16 ? gd_half_value(bits) : __uint_as_float((uint32_t)bits << 16);
}

static float cut_to_float(double x)
{
    float nearest = (float)x;
    return std::fabs((double)nearest) > std::fabs(x) ? std::nextafter(nearest, 0.0f) : nearest;
}

/* Exact in double: at most 17 terms of 26 bits at one exponent. */
static float add_group(float c, const double *products, int n, int more_bits)
{
    double sum = c;
    int top = c != 0 ? std::ilogb(c) : INT_MIN;
    for (int i = 0; i < n; i++) {
        sum += products[i];
        if (products[i] != 0)
            top = std::max(top, std::ilogb(products[i]));
    }
    if (top == INT_MIN || !std::isfinite(sum))
        return (float)sum;
    int last_bit = top - 23 - more_bits;
    double cut = std::trunc(std::ldexp(c, -last_bit));
    for (int i = 0; i < n; i++)
        cut += std::trunc(std::ldexp(products[i], -last_bit));
    return cut_to_float(std::ldexp(cut, last_bit));
}

float tensor_sum(float c, const uint16_t *a, const uint16_t *b, int k, element type)
{
    double products[16], sum = c;
    for (int i = 0; i < k; i++) {
        products[i] = value_of(a[i], type) * value_of(b[i], type);
        sum += products[i];
    }
    if (!settings().truncate)
        return (float)sum;
    int sm = settings().card.sm, group = sm < 80 ? 4 : sm < 90 ? 8 : 16, more_bits = sm < 80 ? 0 : sm < 90 ? 1 : 2;
    for (int i = 0; i < k; i += group)
        c = add_group(c, products + i, std::min(group, k - i), more_bits);
    return c;
}
} // namespace emulator
