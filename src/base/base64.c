// SPDX-License-Identifier: Apache-2.0
#include "base/base64.h"

#include <stdint.h>

/* The value of a character, plus 1; 0: it is not one of the alphabet. */
static const uint8_t digits[256] = {
    ['A'] = 1,  ['B'] = 2,  ['C'] = 3,  ['D'] = 4,  ['E'] = 5,  ['F'] = 6,  ['G'] = 7,  ['H'] = 8,  ['I'] = 9,
    ['J'] = 10, ['K'] = 11, ['L'] = 12, ['M'] = 13, ['N'] = 14, ['O'] = 15, ['P'] = 16, ['Q'] = 17, ['R'] = 18,
    ['S'] = 19, ['T'] = 20, ['U'] = 21, ['V'] = 22, ['W'] = 23, ['X'] = 24, ['Y'] = 25, ['Z'] = 26, ['a'] = 27,
    ['b'] = 28, ['c'] = 29, ['d'] = 30, ['e'] = 31, ['f'] = 32, ['g'] = 33, ['h'] = 34, ['i'] = 35, ['j'] = 36,
    ['k'] = 37, ['l'] = 38, ['m'] = 39, ['n'] = 40, ['o'] = 41, ['p'] = 42, ['q'] = 43, ['r'] = 44, ['s'] = 45,
    ['t'] = 46, ['u'] = 47, ['v'] = 48, ['w'] = 49, ['x'] = 50, ['y'] = 51, ['z'] = 52, ['0'] = 53, ['1'] = 54,
    ['2'] = 55, ['3'] = 56, ['4'] = 57, ['5'] = 58, ['6'] = 59, ['7'] = 60, ['8'] = 61, ['9'] = 62, ['+'] = 63,
    ['/'] = 64, ['-'] = 63, ['_'] = 64,
};

bool gd_base64_decode(const char *text, size_t length, void *to, size_t *bytes)
{
    const uint8_t *from = (const uint8_t *)text;
    uint8_t *out = to;
    uint32_t bits = 0;
    size_t n = length;
    for (int padding = 0; padding < 2 && n > 0 && length % 4 == 0 && from[n - 1] == '='; padding++)
        n--;
    for (size_t i = 0; i < n; i++) {
        if (digits[from[i]] == 0) {
            *bytes = i;
            return false;
        }
        bits = bits << 6 | (digits[from[i]] - 1u);
        if (i % 4 != 0)
            *out++ = (uint8_t)(bits >> (6 - 2 * (i % 4)));
    }
    /* bits that belong to no byte must be 0, so that each content has one text in each alphabet */
    const bool whole = n % 4 == 0 || (n % 4 == 2 && bits % 16 == 0) || (n % 4 == 3 && bits % 4 == 0);
    *bytes = whole ? (size_t)(out - (uint8_t *)to) : length;
    return whole;
}
