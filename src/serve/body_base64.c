// SPDX-License-Identifier: Apache-2.0
#include "serve/body_form.h"

/* -1: not of the alphabets. */
static int value_of(char c)
{
    return c >= 'A' && c <= 'Z'     ? c - 'A'
           : c >= 'a' && c <= 'z'   ? c - 'a' + 26
           : c >= '0' && c <= '9'   ? c - '0' + 52
           : (c == '+' || c == '-') ? 62
           : (c == '/' || c == '_') ? 63
                                    : -1;
}

gd_status gd_body_base64(char *text, size_t *length, gd_place place, gd_error *error)
{
    size_t n = *length, written = 0;
    uint32_t bits = 0;
    for (int padding = 0; padding < 2 && n > 0 && *length % 4 == 0 && text[n - 1] == '='; padding++)
        n--;
    for (size_t i = 0; i < n; i++) {
        const int value = value_of(text[i]);
        if (value < 0)
            return gd_fail_at(error, GD_FORMAT, place, "character %zu, of value 0x%02x, is not of base64", i + 1,
                              (unsigned char)text[i]);
        bits = bits << 6 | (uint32_t)value;
        if (i % 4 != 0)
            text[written++] = (char)(bits >> (6 - 2 * (i % 4)));
    }
    if (n % 4 == 1)
        return gd_fail_at(error, GD_FORMAT, place, "base64 of %zu characters ends within a byte", n);
    *length = written;
    return GD_OK;
}
