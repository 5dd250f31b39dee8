// SPDX-License-Identifier: Apache-2.0
#include "survey/json_out.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int gd_json_real_text(char text[GD_JSON_REAL], double value)
{
    if (!isfinite(value))
        return snprintf(text, GD_JSON_REAL, "null");
    if (fabs(value) < 1e15 && value == (double)(int64_t)value && !(value == 0 && signbit(value)))
        return snprintf(text, GD_JSON_REAL, "%" PRId64, (int64_t)value);
    int length = snprintf(text, GD_JSON_REAL, "%.15g", value);
    for (int digits = 16; digits <= 17 && strtod(text, NULL) != value; digits++)
        length = snprintf(text, GD_JSON_REAL, "%.*g", digits, value);
    return length;
}

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
