// SPDX-License-Identifier: Apache-2.0
/* Source: RFC 8259. */
#include "base/json_scan.h"
#include "base/text.h"

#include <string.h>

gd_json_scan gd_json_scan_of(const char *file, const char *text, size_t length, gd_error *error)
{
    return (gd_json_scan){text, text + length, file, text, text, 1, 1, error};
}

gd_place gd_json_place(gd_json_scan *scan, const char *at)
{
    if (at < scan->marked) {
        scan->marked = scan->text;
        scan->line = scan->column = 1;
    }
    for (; scan->marked < at; scan->marked++) {
        if (*scan->marked == '\n') {
            scan->line++;
            scan->column = 1;
        } else if (((unsigned char)*scan->marked & 0xc0u) != 0x80u) {
            scan->column++;
        }
    }
    return (gd_place){scan->file, scan->line, scan->column};
}

gd_status gd_json_malformed(gd_json_scan *scan, const char *what)
{
    return gd_fail_at(scan->error, GD_FORMAT, gd_json_place(scan, scan->at), "%s", what);
}

void gd_json_skip_space(gd_json_scan *scan)
{
    while (scan->at < scan->end && (*scan->at == ' ' || *scan->at == '\t' || *scan->at == '\n' || *scan->at == '\r'))
        scan->at++;
}

bool gd_json_take(gd_json_scan *scan, char c)
{
    gd_json_skip_space(scan);
    if (scan->at == scan->end || *scan->at != c)
        return false;
    scan->at++;
    return true;
}

/* Four hexadecimal digits behind `\u`. */
static bool hex4(const gd_json_scan *scan, const char *at, uint32_t *value)
{
    *value = 0;
    if (scan->end - at < 4)
        return false;
    for (int i = 0; i < 4; i++) {
        char c = at[i];
        int digit = c >= '0' && c <= '9'   ? c - '0'
                    : c >= 'a' && c <= 'f' ? c - 'a' + 10
                    : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                           : -1;
        if (digit < 0)
            return false;
        *value = *value << 4 | (uint32_t)digit;
    }
    return true;
}

static char *put_utf8(char *to, uint32_t c)
{
    if (c < 0x80) {
        *to++ = (char)c;
    } else if (c < 0x800) {
        *to++ = (char)(0xc0 | c >> 6);
        *to++ = (char)(0x80 | (c & 0x3f));
    } else if (c < 0x10000) {
        *to++ = (char)(0xe0 | c >> 12);
        *to++ = (char)(0x80 | (c >> 6 & 0x3f));
        *to++ = (char)(0x80 | (c & 0x3f));
    } else {
        *to++ = (char)(0xf0 | c >> 18);
        *to++ = (char)(0x80 | (c >> 12 & 0x3f));
        *to++ = (char)(0x80 | (c >> 6 & 0x3f));
        *to++ = (char)(0x80 | (c & 0x3f));
    }
    return to;
}

/* What stands behind a backslash, scan->at on it. */
static gd_status parse_escape(gd_json_scan *scan, char **to)
{
    static const char from[] = "\"\\/bfnrt", becomes[] = "\"\\/\b\f\n\r\t";
    uint32_t c, low;
    const char *letter = scan->at + 1 < scan->end && scan->at[1] ? strchr(from, scan->at[1]) : NULL;
    if (letter) {
        *(*to)++ = becomes[letter - from];
        scan->at += 2;
        return GD_OK;
    }
    if (scan->at + 1 == scan->end || scan->at[1] != 'u' || !hex4(scan, scan->at + 2, &c))
        return gd_json_malformed(scan, "not an escape sequence");
    if (c == 0)
        return gd_json_malformed(scan, "a text must not contain \\u0000");
    if (c >= 0xd800 && c < 0xe000) { /* a pair of surrogates is one character beyond U+FFFF */
        if (c >= 0xdc00 || scan->end - scan->at < 12 || scan->at[6] != '\\' || scan->at[7] != 'u' ||
            !hex4(scan, scan->at + 8, &low) || low < 0xdc00 || low >= 0xe000)
            return gd_json_malformed(scan, "half of a surrogate pair");
        c = 0x10000 + ((c - 0xd800) << 10 | (low - 0xdc00));
        scan->at += 6;
    }
    scan->at += 6;
    *to = put_utf8(*to, c);
    return GD_OK;
}

size_t gd_json_string_room(const gd_json_scan *scan)
{
    const char *close = scan->at;
    while (close < scan->end && *close != '"')
        close += *close == '\\' && close + 1 < scan->end ? 2 : 1;
    return (size_t)(close - scan->at);
}

/* Whether one of eight bytes does not stand for itself: a quote, a backslash, a control character, or none of ASCII.
 * Bytes are tested side by side; a borrow from one to the next can only come from one that is found anyhow. */
static bool any_special(const char *at)
{
    const uint64_t ones = UINT64_C(0x0101010101010101), highs = ones * 0x80;
    uint64_t bytes;
    memcpy(&bytes, at, sizeof bytes);
    const uint64_t quote = bytes ^ ones * '"', backslash = bytes ^ ones * '\\';
    const uint64_t found =
        ((quote - ones) & ~quote) | ((backslash - ones) & ~backslash) | ((bytes - ones * 0x20) & ~bytes);
    return ((found | bytes) & highs) != 0;
}

/* How many bytes stand for themselves: ASCII but quotes, backslashes and control characters. */
static size_t plain_length(const gd_json_scan *scan)
{
    const char *at = scan->at;
    while (scan->end - at >= 8 && !any_special(at))
        at += 8;
    while (at < scan->end && (unsigned char)*at >= 0x20 && (unsigned char)*at < 0x80 && *at != '"' && *at != '\\')
        at++;
    return (size_t)(at - scan->at);
}

gd_status gd_json_string(gd_json_scan *scan, char *to, size_t *length)
{
    *length = 0;
    while (scan->at < scan->end && *scan->at != '"') {
        char escape[4];
        const char *from = escape;
        size_t n;
        if (*scan->at == '\\') {
            char *end = escape;
            GD_TRY(parse_escape(scan, &end));
            n = (size_t)(end - escape);
        } else {
            uint32_t c;
            from = scan->at;
            n = plain_length(scan);
            if (n == 0) {
                n = (size_t)gd_utf8_decode(scan->at, (size_t)(scan->end - scan->at), &c);
                if (n == 0)
                    return gd_json_malformed(scan, "not UTF-8");
                if (c < 0x20)
                    return gd_json_malformed(scan, "a control character stands unescaped in a text");
            }
            scan->at += n;
        }
        if (to)
            memcpy(to + *length, from, n);
        *length += n;
    }
    if (scan->at == scan->end)
        return gd_json_malformed(scan, "the text ends within a string");
    scan->at++;
    return GD_OK;
}

size_t gd_json_number_length(const gd_json_scan *scan)
{
    const char *c = scan->at, *end = scan->end, *digits;
    if (c < end && *c == '-')
        c++;
    for (digits = c; c < end && *c >= '0' && *c <= '9';)
        c++;
    if (c == digits || (*digits == '0' && c - digits > 1))
        return 0;
    if (c < end && *c == '.') {
        for (digits = ++c; c < end && *c >= '0' && *c <= '9';)
            c++;
        if (c == digits)
            return 0;
    }
    if (c < end && (*c == 'e' || *c == 'E')) {
        c++;
        if (c < end && (*c == '+' || *c == '-'))
            c++;
        for (digits = c; c < end && *c >= '0' && *c <= '9';)
            c++;
        if (c == digits)
            return 0;
    }
    return (size_t)(c - scan->at);
}
