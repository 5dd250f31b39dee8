// SPDX-License-Identifier: Apache-2.0
#include "base/status.h"

#include <stdio.h>
#include <string.h>

static const struct {
    const char *text;
    int exit_code;
} statuses[] = {
#define STATUS_ROW(name, text, code) {text, code},
    GD_STATUS_MAP(STATUS_ROW)
#undef STATUS_ROW
};

const char *gd_status_text(gd_status status)
{
    return (size_t)status < sizeof statuses / sizeof *statuses ? statuses[status].text : "unknown status";
}

int gd_status_exit_code(gd_status status)
{
    return (size_t)status < sizeof statuses / sizeof *statuses ? statuses[status].exit_code : 1;
}

static void set_place(gd_error *error, gd_place place)
{
    if (error->line == 0 && error->file[0] == '\0' && place.file) {
        snprintf(error->file, sizeof error->file, "%s", place.file);
        error->line = place.line;
        error->column = place.column;
    }
}

static gd_status fail(gd_error *error, gd_status status, gd_place place, const char *format, va_list arguments)
{
    if (error && error->status == GD_OK) {
        error->status = status;
        error->file[0] = '\0';
        error->line = error->column = 0;
        set_place(error, place);
        vsnprintf(error->message, sizeof error->message, format, arguments);
        for (char *c = error->message; *c; c++) { /* one line, and no escape sequences of a stranger's text */
            if ((unsigned char)*c < 0x20 || *c == 0x7f)
                *c = '?';
        }
    }
    return status;
}

gd_status gd_fail(gd_error *error, gd_status status, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fail(error, status, (gd_place){0}, format, arguments);
    va_end(arguments);
    return status;
}

gd_status gd_fail_at(gd_error *error, gd_status status, gd_place place, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fail(error, status, place, format, arguments);
    va_end(arguments);
    return status;
}

gd_status gd_error_prefix(gd_error *error, gd_place place, const char *format, ...)
{
    if (!error)
        return GD_INTERNAL;
    char text[sizeof error->message];
    va_list arguments;
    va_start(arguments, format);
    int used = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (used > 0 && (size_t)used < sizeof text - 3) {
        snprintf(text + used, sizeof text - (size_t)used, ": %s", error->message);
        memcpy(error->message, text, sizeof text);
    }
    set_place(error, place);
    return error->status;
}

void gd_make_plain(char *text)
{
    for (unsigned char *c = (unsigned char *)text; *c; c++) {
        if (*c < ' ' || *c == 0x7f)
            *c = '?';
        else if (*c == 0xc2 && c[1] >= 0x80 && c[1] < 0xa0)
            c[0] = c[1] = '?';
    }
}

const char *gd_error_text(const gd_error *error, char *text, size_t text_bytes)
{
    const char *message = error->message[0] ? error->message : gd_status_text(error->status);
    if (error->file[0] && error->line > 0)
        snprintf(text, text_bytes, "%s:%d:%d: %s", error->file, error->line, error->column, message);
    else if (error->file[0])
        snprintf(text, text_bytes, "%s: %s", error->file, message);
    else
        snprintf(text, text_bytes, "%s", message);
    gd_make_plain(text);
    return text;
}
