// SPDX-License-Identifier: Apache-2.0
#include "format/json_out.h"

#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- numbers ---- */

enum { DIGITS = 17, SCALES = 23 };

static const double scale[SCALES] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                     1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22}; /* all exact */

/* value = digits * 10^-places, rounded to 17 digits; `value` from 1e-5 to 1e15. A long double's 64 bits are off by some
 * hundredths of the last digit, and a double is told from its neighbours by half of one. Next to a power of 10, where
 * log10 may round across it, 16 digits are enough, too, and 18 are not too many. */
static uint64_t digits_of(double value, int *places)
{
    *places = DIGITS - 1 - (int)floor(log10(value));
    return (uint64_t)((long double)value * (long double)scale[*places] + 0.5L);
}

/* Without those at the end that it is the same number without. A quotient of two exact doubles is the nearest double.
 */
static uint64_t shortest(double value, uint64_t digits, int *places)
{
    for (int drop = 2; drop >= 1; drop--) {
        const uint64_t power = drop == 2 ? 100 : 10, fewer = (digits + power / 2) / power;
        if (*places >= drop && fewer < UINT64_C(1) << 53 && (double)fewer / scale[*places - drop] == value) {
            *places -= drop;
            digits = fewer;
            break;
        }
    }
    while (*places > 0 && digits % 10 == 0) {
        digits /= 10;
        --*places;
    }
    return digits;
}

static int quick_text(char text[GD_JSON_REAL], double value)
{
    int places;
    const uint64_t exact = digits_of(fabs(value), &places), digits = shortest(fabs(value), exact, &places);
    char reversed[GD_JSON_REAL];
    int n = 0, length = 0;
    for (uint64_t left = digits; left > 0 || n <= places; left /= 10) {
        if (n == places && places > 0)
            reversed[length++] = '.';
        reversed[length++] = (char)('0' + left % 10);
        n++;
    }
    if (value < 0)
        reversed[length++] = '-';
    for (int i = 0; i < length; i++)
        text[i] = reversed[length - 1 - i];
    text[length] = 0;
    return length;
}

int gd_json_real_text(char text[GD_JSON_REAL], double value)
{
    if (!isfinite(value))
        return snprintf(text, GD_JSON_REAL, "null");
    if (value == 0)
        return snprintf(text, GD_JSON_REAL, signbit(value) ? "-0.0" : "0");
    if (LDBL_MANT_DIG >= 64 && fabs(value) >= 1e-5 && fabs(value) < 1e15)
        return quick_text(text, value);
    int length = snprintf(text, GD_JSON_REAL, "%.15g", value);
    for (int digits = 16; digits <= DIGITS && strtod(text, NULL) != value; digits++)
        length = snprintf(text, GD_JSON_REAL, "%.*g", digits, value);
    return length;
}

/* ---- layout ---- */

static void put(gd_json_out *json, const char *text) { gd_text_add_n(json->text, text, strlen(text)); }

static void new_line(gd_json_out *json)
{
    put(json, "\n");
    for (int i = 0; i < json->depth; i++)
        put(json, "  ");
}

/* A comma, a line, a key: whatever stands before a value here. */
static void before(gd_json_out *json, const char *key)
{
    if (json->depth > 0) {
        const bool line = json->line[json->depth - 1];
        if (json->some[json->depth - 1])
            put(json, line ? ", " : ",");
        json->some[json->depth - 1] = true;
        if (!line)
            new_line(json);
    }
    if (key) {
        gd_text_add_json(json->text, key);
        put(json, ": ");
    }
}

void gd_json_begin(gd_json_out *json, const char *key, char kind, bool line)
{
    before(json, key);
    gd_text_add_n(json->text, &kind, 1);
    if (json->depth == GD_JSON_OUT_DEPTH) {
        json->text->failed = 1;
        return;
    }
    json->line[json->depth] = line || (json->depth > 0 && json->line[json->depth - 1]);
    json->some[json->depth] = false;
    json->close[json->depth++] = kind == '{' ? '}' : ']';
}

void gd_json_end(gd_json_out *json)
{
    if (json->depth == 0)
        return;
    json->depth--;
    if (json->some[json->depth] && !json->line[json->depth])
        new_line(json);
    gd_text_add_n(json->text, &json->close[json->depth], 1);
}

void gd_json_string_out(gd_json_out *json, const char *key, const char *value)
{
    before(json, key);
    if (value)
        gd_text_add_json(json->text, value);
    else
        put(json, "null");
}

void gd_json_real_out(gd_json_out *json, const char *key, double value)
{
    char text[GD_JSON_REAL];
    const int length = gd_json_real_text(text, value);
    before(json, key);
    gd_text_add_n(json->text, text, (size_t)length);
}

void gd_json_whole_out(gd_json_out *json, const char *key, int64_t value)
{
    before(json, key);
    gd_text_add(json->text, "%" PRId64, value);
}

void gd_json_bool_out(gd_json_out *json, const char *key, bool value)
{
    before(json, key);
    put(json, value ? "true" : "false");
}

void gd_json_reals_out(gd_json_out *json, const char *key, const double *value, int64_t n)
{
    gd_json_begin(json, key, '[', true);
    for (int64_t i = 0; i < n; i++)
        gd_json_real_out(json, NULL, value[i]);
    gd_json_end(json);
}
