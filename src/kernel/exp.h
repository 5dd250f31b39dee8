// SPDX-License-Identifier: Apache-2.0
/* exp for loops that the compiler vectorises: no calls, no branches. */
#ifndef GD_KERNEL_EXP_H
#define GD_KERNEL_EXP_H

#include <math.h>
#include <stdint.h>
#include <string.h>

/* 2^n, n in [-126, 127]. */
static inline float gd_exp2i(int32_t n)
{
    uint32_t bits = (uint32_t)(n + 127) << 23;
    float power;
    memcpy(&power, &bits, sizeof power);
    return power;
}

/* exp(x) for x <= 0. Relative error at most 2^-22 (1 + |x| / 16); subnormal results are gradual; NaN gives NaN.
 * x = n ln 2 + r with |r| <= ln(2)/2, exp(r) by the polynomial of Cephes' expf, 2^n in two factors. */
static inline float gd_exp_negative(float x)
{
    const float bounded = x < -104.0f ? -104.0f : x; /* where the result is 0 */
    const float n = rintf(bounded * 1.44269504f), r = bounded - n * 0.693147181f;
    float p = 1.9875691500e-4f;
    p = p * r + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    p = p * (r * r) + r + 1.0f;
    const int32_t power = x == x ? (int32_t)n : 0, half = power / 2;
    return p * gd_exp2i(half) * gd_exp2i(power - half);
}

#endif
