// SPDX-License-Identifier: Apache-2.0
#include "captured/value.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

bool gd_value_take(gd_json_scan *scan, const char *word)
{
    const size_t length = strlen(word);
    gd_json_skip_space(scan);
    if ((size_t)(scan->end - scan->at) < length || memcmp(scan->at, word, length) != 0)
        return false;
    scan->at += length;
    return true;
}

/* ---- numbers ---- */

/* Of all lengths and exponents: by the C library. */
static gd_status read_any(gd_json_scan *scan, size_t length, double *value)
{
    char text[GD_VALUE_DIGITS + 1];
    if (length > GD_VALUE_DIGITS)
        return gd_fail_at(scan->error, GD_FORMAT, gd_json_place(scan, scan->at),
                          "a number of %zu characters, more than %d", length, GD_VALUE_DIGITS);
    memcpy(text, scan->at, length);
    text[length] = '\0';
    *value = strtod(text, NULL);
    if (!isfinite(*value))
        return gd_json_malformed(scan, "a number beyond the range of a double");
    return GD_OK;
}

/* Digits, most of which have at most 53 bits as a whole number m, with a power of ten that a double has exactly: then
 * m * 10^k and m / 10^k are rounded once, which is the nearest (W. D. Clinger, "How to Read Floating Point Numbers
 * Accurately", 1990). */
gd_status gd_value_number(gd_json_scan *scan, double *value)
{
    static const double power[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                   1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    enum { POWERS = sizeof power / sizeof *power, MOST_DIGITS = 18 };
    gd_json_skip_space(scan);
    const char *at = scan->at, *end = scan->end;
    const bool negative = at < end && *at == '-';
    at += negative;
    const char *first = at;
    uint64_t m = 0;
    for (; at < end && (unsigned)(*at - '0') < 10; at++)
        m = 10 * m + (unsigned)(*at - '0'); /* of too many digits it is not used */
    long digits = at - first, exponent = 0;
    bool plain = digits > 0 && (*first != '0' || digits == 1);
    if (plain && at < end && *at == '.') {
        const char *point = at++;
        for (; at < end && (unsigned)(*at - '0') < 10; at++)
            m = 10 * m + (unsigned)(*at - '0');
        exponent = point + 1 - at;
        digits -= exponent;
        plain = exponent < 0;
    }
    if (plain && end - at > 2 && (*at == 'e' || *at == 'E') && at[1] == '-' && (unsigned)(at[2] - '0') < 10) {
        long power_of_ten = 0; /* probabilities next to 0 have one */
        for (at += 2; at < end && (unsigned)(*at - '0') < 10 && power_of_ten < 1000; at++)
            power_of_ten = 10 * power_of_ten + (*at - '0');
        exponent -= power_of_ten;
    }
    plain = plain && (at == end || (*at != 'e' && *at != 'E' && (unsigned)(*at - '0') >= 10));
    if (plain && digits <= MOST_DIGITS && m <= UINT64_C(1) << 53 && exponent > -POWERS) {
        const double v = (double)m / power[-exponent];
        *value = negative ? -v : v;
        scan->at = at;
        return GD_OK;
    }
    const size_t length = gd_json_number_length(scan);
    if (length == 0)
        return gd_json_malformed(scan, "a number is expected");
    GD_TRY(read_any(scan, length, value));
    scan->at += length;
    return GD_OK;
}

/* ---- objects and lists ---- */

gd_status gd_elements_next(gd_json_scan *scan, bool *begun, bool *more)
{
    if (!*begun) {
        if (!gd_json_take(scan, '['))
            return gd_json_malformed(scan, "a list is expected");
        *begun = true;
        *more = !gd_json_take(scan, ']');
    } else {
        *more = gd_json_take(scan, ',');
        if (!*more && !gd_json_take(scan, ']'))
            return gd_json_malformed(scan, "',' or ']' is expected");
    }
    return GD_OK;
}

/* A key and its colon. `name` gets it, its escapes resolved, unless it is too long for one of ours: then *length is 0.
 */
static gd_status read_key(gd_json_scan *scan, char *name, size_t room, size_t *length)
{
    if (!gd_json_take(scan, '"'))
        return gd_json_malformed(scan, "a key in quotes is expected");
    const bool fits = gd_json_string_room(scan) <= room;
    GD_TRY(gd_json_string(scan, fits ? name : NULL, length));
    if (!fits)
        *length = 0;
    if (!gd_json_take(scan, ':'))
        return gd_json_malformed(scan, "':' is expected behind a key");
    return GD_OK;
}

static bool is_name(const char *text, const char *name, size_t length)
{
    return strncmp(text, name, length) == 0 && text[length] == '\0';
}

static int find_name(const gd_members *members, const char *name, size_t length)
{
    const char *const *names = members->names;
    if (names[0] && names[members->next] && is_name(names[members->next], name, length))
        return members->next;
    for (int i = 0; names[i]; i++) {
        if (is_name(names[i], name, length))
            return i;
    }
    return GD_MEMBER_OTHER;
}

/* To the next key of an object, or behind its end. */
static gd_status next_key(gd_json_scan *scan, bool *begun, bool *more)
{
    if (!*begun) {
        if (!gd_json_take(scan, '{'))
            return gd_json_malformed(scan, "an object is expected");
        *begun = true;
        *more = !gd_json_take(scan, '}');
    } else {
        *more = gd_json_take(scan, ',');
        if (!*more && !gd_json_take(scan, '}'))
            return gd_json_malformed(scan, "',' or '}' is expected");
    }
    gd_json_skip_space(scan);
    return GD_OK;
}

gd_status gd_members_next(gd_json_scan *scan, gd_members *members, int *key)
{
    char name[128];
    size_t length = 0;
    bool more = false;
    *key = GD_MEMBER_END;
    GD_TRY(next_key(scan, &members->begun, &more));
    if (!more)
        return GD_OK;
    const char *place = scan->at;
    GD_TRY(read_key(scan, name, sizeof name, &length));
    *key = find_name(members, name, length);
    if (*key == GD_MEMBER_OTHER)
        return GD_OK;
    if (members->seen >> *key & 1)
        return gd_fail_at(scan->error, GD_FORMAT, gd_json_place(scan, place), "key '%s' comes twice",
                          members->names[*key]);
    members->seen |= UINT64_C(1) << *key;
    members->next = *key + 1;
    return GD_OK;
}

/* ---- passing over ---- */

static gd_status pass_plain(gd_json_scan *scan)
{
    static const char *const words[] = {"true", "false", "null"};
    if (gd_json_take(scan, '"')) {
        size_t length;
        return gd_json_string(scan, NULL, &length);
    }
    for (int i = 0; i < 3; i++) {
        if (gd_value_take(scan, words[i]))
            return GD_OK;
    }
    const size_t length = gd_json_number_length(scan);
    if (length == 0)
        return gd_json_malformed(scan, "a value is expected");
    scan->at += length;
    return GD_OK;
}

/* Behind a value: to where the next one begins in what it stands in, or, with `*more` false, behind the end of that. */
static gd_status pass_to_next(gd_json_scan *scan, bool in_object, bool *begun, bool *more)
{
    if (!in_object)
        return gd_elements_next(scan, begun, more);
    size_t length;
    GD_TRY(next_key(scan, begun, more));
    return *more ? read_key(scan, NULL, 0, &length) : GD_OK;
}

gd_status gd_value_pass(gd_json_scan *scan)
{
    bool is_object[GD_VALUE_DEPTH];
    int depth = 0; /* of what has begun and has not ended */
    do {
        bool begun = true, more = false;
        gd_json_skip_space(scan);
        const char c = scan->at < scan->end ? *scan->at : '\0';
        if (c == '[' || c == '{') {
            if (depth == GD_VALUE_DEPTH)
                return gd_fail_at(scan->error, GD_FORMAT, gd_json_place(scan, scan->at),
                                  "more than %d lists and objects in one another", GD_VALUE_DEPTH);
            is_object[depth++] = c == '{';
            begun = false;
        } else {
            GD_TRY(pass_plain(scan));
        }
        while (depth > 0 && !more) {
            GD_TRY(pass_to_next(scan, is_object[depth - 1], &begun, &more));
            depth -= !more;
        }
    } while (depth > 0);
    return GD_OK;
}
