// SPDX-License-Identifier: Apache-2.0
/* A float is m 2^e with m below 2^24. Nine digits of one whose first stands at 10^x are the whole number nearest to
 *
 *     m 2^e 10^k = m 5^k / 2^-(e+k),    k = 8 - x
 *
 * whose numerator has at most 87 bits for k up to 27: exact in two words. What is below 2^-63 is left to printf. */
#include "serve/number.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { LEAST_EXPONENT = -63, DIGITS = 9 };

/* m 5^k / 2^shift to the nearest whole number, ties to even, as printf rounds; shift is 1 to 60. */
static uint64_t scaled(uint32_t m, int k, int shift)
{
    static const uint64_t power[] = {/* of 5, from the ninth */
                                     1953125,
                                     9765625,
                                     48828125,
                                     244140625,
                                     1220703125,
                                     6103515625,
                                     30517578125,
                                     152587890625,
                                     762939453125,
                                     3814697265625,
                                     19073486328125,
                                     95367431640625,
                                     476837158203125,
                                     2384185791015625,
                                     11920928955078125,
                                     59604644775390625,
                                     298023223876953125,
                                     1490116119384765625,
                                     7450580596923828125};
    const uint64_t factor = power[k - DIGITS], word = UINT64_C(1) << 32;
    const uint64_t below = m * (factor % word), high = m * (factor / word) + below / word, low = below % word;
    const uint64_t whole = shift < 32 ? high << (32 - shift) | low >> shift : high >> (shift - 32);
    const uint64_t unit = UINT64_C(1) << shift, rest = (high << 32 | low) & (unit - 1);
    const bool up = rest > unit / 2 || (rest == unit / 2 && whole % 2 == 1);
    return whole + up;
}

int gd_number_print(float value, char to[GD_NUMBER_BYTES])
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    const int exponent = (int)(bits >> 23) - 127; /* beyond 128 where there is a sign */
    if (exponent < LEAST_EXPONENT || exponent >= 0) {
        if (value == 0 || value == 1) {
            *to = value == 0 ? '0' : '1';
            return 1;
        }
        return snprintf(to, GD_NUMBER_BYTES, "%.9g", (double)value);
    }
    const uint32_t m = (bits & 0x7fffffu) | 0x800000u;
    int x = -((-exponent * 1233 + 4095) / 4096); /* of 2^exponent: 1233/4096 is log10(2) but for 0.000005 */
    uint64_t whole = scaled(m, 8 - x, 23 - exponent - (8 - x));
    if (whole >= 1000000000) {
        x++;
        whole = scaled(m, 8 - x, 23 - exponent - (8 - x));
    }

    char digit[DIGITS];
    int n = DIGITS, length = 0;
    for (int i = DIGITS - 1; i >= 0; i--, whole /= 10)
        digit[i] = (char)('0' + whole % 10);
    while (n > 1 && digit[n - 1] == '0')
        n--;
    if (x >= -4) {
        to[0] = '0';
        to[1] = '.';
        memset(to + 2, '0', 3);
        length = 1 - x;
        memcpy(to + length, digit, DIGITS);
        return length + n;
    }
    to[length++] = digit[0];
    if (n > 1)
        to[length++] = '.';
    memcpy(to + length, digit + 1, DIGITS - 1);
    length += n - 1;
    to[length++] = 'e';
    to[length++] = '-';
    to[length++] = (char)('0' + -x / 10);
    to[length++] = (char)('0' + -x % 10);
    return length;
}

void gd_number_add(gd_text *text, float value)
{
    char number[GD_NUMBER_BYTES];
    if (isfinite(value))
        gd_text_add_n(text, number, (size_t)gd_number_print(value, number));
    else
        gd_text_add_n(text, "null", 4);
}

void gd_number_add_list(gd_text *text, const float *value, int64_t n, const char *between)
{
    const size_t gap = strlen(between);
    gd_text_add_n(text, "[", 1);
    for (int64_t i = 0; i < n; i++) {
        if (i > 0)
            gd_text_add_n(text, between, gap);
        gd_number_add(text, value[i]);
    }
    gd_text_add_n(text, "]", 1);
}
