// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int reserve(gd_text *text, size_t more)
{
    if (text->failed)
        return 0;
    size_t need = text->length + more + 1;
    if (need > text->capacity) {
        size_t capacity = need > 2 * text->capacity ? need : 2 * text->capacity;
        char *grown = realloc(text->at, capacity);
        if (!grown) {
            text->failed = 1;
            return 0;
        }
        text->at = grown;
        text->capacity = capacity;
    }
    return 1;
}

void gd_text_add_n(gd_text *text, const char *bytes, size_t length)
{
    if (!reserve(text, length))
        return;
    memcpy(text->at + text->length, bytes, length);
    text->length += length;
    text->at[text->length] = '\0';
}

void gd_text_add(gd_text *text, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (length < 0 || !reserve(text, (size_t)length))
        return;
    va_start(arguments, format);
    vsnprintf(text->at + text->length, (size_t)length + 1, format, arguments);
    va_end(arguments);
    text->length += (size_t)length;
}

const char *gd_plural(int64_t n) { return n == 1 ? "" : "s"; }

int gd_utf8_decode(const char *bytes, size_t left, uint32_t *character)
{
    /* least code point of each length: smaller ones are overlong, a way to smuggle characters past checks */
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    const unsigned char *b = (const unsigned char *)bytes;
    if (left == 0)
        return 0;
    int length = b[0] < 0x80 ? 1 : b[0] < 0xc0 ? 0 : b[0] < 0xe0 ? 2 : b[0] < 0xf0 ? 3 : b[0] < 0xf8 ? 4 : 0;
    if (length == 0 || (size_t)length > left)
        return 0;
    uint32_t c = length == 1 ? b[0] : b[0] & (0x7fu >> length);
    for (int i = 1; i < length; i++) {
        if ((b[i] & 0xc0u) != 0x80u)
            return 0;
        c = c << 6 | (b[i] & 0x3fu);
    }
    if (c < least[length] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
        return 0;
    *character = c;
    return length;
}

/* Unicode's East_Asian_Width W and F, and combining marks, by the blocks that hold them. */
static int columns_of(uint32_t c)
{
    static const struct {
        uint32_t from, to;
        int columns;
    } blocks[] = {{0x300, 0x36f, 0},   {0x1100, 0x115f, 2}, {0x200b, 0x200f, 0},   {0x2e80, 0xa4cf, 2},
                  {0xac00, 0xd7a3, 2}, {0xf900, 0xfaff, 2}, {0xfe00, 0xfe0f, 0},   {0xfe30, 0xfe6f, 2},
                  {0xff00, 0xff60, 2}, {0xffe0, 0xffe6, 2}, {0x1f300, 0x1faff, 2}, {0x20000, 0x3fffd, 2}};
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++) {
        if (c >= blocks[i].from && c <= blocks[i].to)
            return blocks[i].columns;
    }
    return 1;
}

/* The bytes of the longest start of a string that takes no more than `most` columns, and how many it takes. What is no
 * UTF-8 takes one a byte. */
static size_t fit(const char *string, int most, int *columns)
{
    const size_t all = strlen(string);
    size_t at = 0;
    *columns = 0;
    while (at < all) {
        uint32_t c = 0;
        const int length = gd_utf8_decode(string + at, all - at, &c), wide = length ? columns_of(c) : 1;
        if (wide > most - *columns)
            break;
        *columns += wide;
        at += length ? (size_t)length : 1;
    }
    return at;
}

int gd_text_columns(const char *string)
{
    int columns;
    fit(string, INT_MAX, &columns);
    return columns;
}

void gd_text_add_cell(gd_text *text, const char *string, int columns)
{
    int taken;
    gd_text_add_n(text, string, fit(string, columns, &taken));
    gd_text_add(text, "%*s", columns - taken, "");
}

static int printable(uint32_t c)
{
    return c >= 0x20 && !(c >= 0x7f && c < 0xa0) && c != 0x2028 && c != 0x2029 && c != 0xfeff && (c & 0xfffe) != 0xfffe;
}

/* How many bytes at the start stand for themselves, as most do: they are added in one piece. */
static size_t plain(const char *string, size_t left)
{
    size_t n = 0;
    while (n < left && string[n] >= 0x20 && string[n] < 0x7f && string[n] != '"' && string[n] != '\\')
        n++;
    return n;
}

void gd_text_add_json(gd_text *text, const char *string)
{
    gd_text_add_n(text, "\"", 1);
    for (size_t left = strlen(string), length; left > 0; left -= length, string += length) {
        uint32_t c;
        length = plain(string, left);
        if (length > 0) {
            gd_text_add_n(text, string, length);
            continue;
        }
        length = (size_t)gd_utf8_decode(string, left, &c);
        if (length == 0) {
            gd_text_add(text, "\\ufffd");
            length = 1;
        } else if (c == '"' || c == '\\') {
            gd_text_add(text, "\\%c", (char)c);
        } else if (!printable(c) && c < 0x10000) {
            gd_text_add(text, "\\u%04x", (unsigned)c);
        } else {
            gd_text_add_n(text, string, length);
        }
    }
    gd_text_add_n(text, "\"", 1);
}

void gd_text_add_base64(gd_text *text, const void *data, size_t length)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const uint8_t *bytes = data;
    char piece[4096];
    size_t n = 0;
    for (; length >= 3; length -= 3, bytes += 3) {
        const uint32_t three = (uint32_t)bytes[0] << 16 | (uint32_t)bytes[1] << 8 | bytes[2];
        piece[n++] = digits[three >> 18];
        piece[n++] = digits[three >> 12 & 63];
        piece[n++] = digits[three >> 6 & 63];
        piece[n++] = digits[three & 63];
        if (n == sizeof piece) {
            gd_text_add_n(text, piece, n);
            n = 0;
        }
    }
    if (length > 0) {
        const uint32_t three = (uint32_t)bytes[0] << 16 | (length > 1 ? (uint32_t)bytes[1] << 8 : 0);
        piece[n++] = digits[three >> 18];
        piece[n++] = digits[three >> 12 & 63];
        piece[n++] = length > 1 ? digits[three >> 6 & 63] : '=';
        piece[n++] = '=';
    }
    gd_text_add_n(text, piece, n);
}

void gd_text_plain(gd_text *text, size_t from)
{
    if (!text->failed && from < text->length)
        gd_make_plain(text->at + from);
}

gd_status gd_text_status(const gd_text *text, gd_error *error)
{
    return text->failed ? gd_fail(error, GD_NOMEM, "out of memory for a text of %zu bytes", text->length) : GD_OK;
}

void gd_text_release(gd_text *text)
{
    free(text->at);
    *text = (gd_text){0};
}
