// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"

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

void gd_text_add_json(gd_text *text, const char *string)
{
    gd_text_add_n(text, "\"", 1);
    for (const unsigned char *c = (const unsigned char *)string; *c; c++) {
        if (*c == '"' || *c == '\\')
            gd_text_add(text, "\\%c", *c);
        else if (*c < 0x20 || *c == 0x7f)
            gd_text_add(text, "\\u%04x", *c);
        else
            gd_text_add_n(text, (const char *)c, 1);
    }
    gd_text_add_n(text, "\"", 1);
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
