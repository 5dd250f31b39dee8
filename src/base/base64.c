// SPDX-License-Identifier: Apache-2.0
#include "base/base64.h"

#include <stdint.h>

/* The value of a character, plus 1; 0: it is not one of the alphabet. */
static const uint8_t digits[256] = {
    ['A'] = 1,  ['B'] = 2,  ['C'] = 3,  ['D'] = 4,  ['E'] = 5,  ['F'] = 6,  ['G'] = 7,  ['H'] = 8,
    ['I'] = 9,  ['J'] = 10, ['K'] = 11, ['L'] = 12, ['M'] = 13, ['N'] = 14, ['O'] = 15, ['P'] = 16,
    ['Q'] = 17, ['R'] = 18, ['S'] = 19, ['T'] = 20, ['U'] = 21, ['V'] = 22, ['W'] = 23, ['X'] = 24,
    ['Y'] = 25, ['Z'] = 26, ['a'] = 27, ['b'] = 28, ['c'] = 29, ['d'] = 30, ['e'] = 31, ['f'] = 32,
    ['g'] = 33, ['h'] = 34, ['i'] = 35, ['j'] = 36, ['k'] = 37, ['l'] = 38, ['m'] = 39, ['n'] = 40,
    ['o'] = 41, ['p'] = 42, ['q'] = 43, ['r'] = 44, ['s'] = 45, ['t'] = 46, ['u'] = 47, ['v'] = 48,
    ['w'] = 49, ['x'] = 50, ['y'] = 51, ['z'] = 52, ['0'] = 53, ['1'] = 54, ['2'] = 55, ['3'] = 56,
    ['4'] = 57, ['5'] = 58, ['6'] = 59, ['7'] = 60, ['8'] = 61, ['9'] = 62, ['+'] = 63, ['/'] = 64,
};

bool gd_base64_decode(const char *text, size_t length, void *to, size_t *bytes)
{
    const uint8_t *from = (const uint8_t *)text;
    uint8_t *out = to;
    *bytes = 0;
    if (length % 4 != 0)
        return false;
    const size_t padding = length == 0 ? 0 : (size_t)(from[length - 1] == '=') + (from[length - 2] == '=');
    for (size_t i = 0; i < length; i += 4) {
        const size_t kept = i + 4 < length ? 4 : 4 - padding; /* characters before the padding: 2 to 4 */
        uint32_t group = 0;
        for (size_t k = 0; k < 4; k++) {
            const uint32_t digit = k < kept ? digits[from[i + k]] : 1;
            if (digit == 0)
                return false;
            group = group << 6 | (digit - 1);
        }
        if ((kept == 3 && (group & 0xffu)) || (kept == 2 && (group & 0xffffu)))
            return false; /* bits that belong to no byte must be 0, so that each content has one text */
        for (size_t k = 0; k + 1 < kept; k++)
            *out++ = (uint8_t)(group >> (16 - 8 * k));
    }
    *bytes = (size_t)(out - (uint8_t *)to);
    return true;
}
