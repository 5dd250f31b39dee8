// SPDX-License-Identifier: Apache-2.0
/* Making and passing on errors. The type itself is public: griddle/status.h. */
#ifndef GD_BASE_STATUS_H
#define GD_BASE_STATUS_H

#include "griddle/status.h"

#include <stdarg.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A position in a text: borrowed file name, line and column from 1; all zero: no place. */
typedef struct gd_place {
    const char *file;
    int line, column;
} gd_place;

#if defined(__GNUC__)
#define GD_PRINTF(format_index, first) __attribute__((format(printf, format_index, first)))
#else
#define GD_PRINTF(format_index, first)
#endif

/* Fills `error` (may be NULL) and returns `status`, so that `return gd_fail(...)` is the whole failure path.
 * The first error wins: an error that is set already is kept, so that clean-up cannot hide a cause. */
gd_status gd_fail(gd_error *error, gd_status status, const char *format, ...) GD_PRINTF(3, 4);

/* The same, at a place in a text. */
gd_status gd_fail_at(gd_error *error, gd_status status, gd_place place, const char *format, ...) GD_PRINTF(4, 5);

/* Puts "context: " before the message of an error on its way up, and gives it a place if it has none. Returns its
 * status. */
gd_status gd_error_prefix(gd_error *error, gd_place place, const char *format, ...) GD_PRINTF(3, 4);

/* Returns on failure. */
#define GD_TRY(expression)                                                                                             \
    do {                                                                                                               \
        gd_status gd_try_status_ = (expression);                                                                       \
        if (gd_try_status_ != GD_OK)                                                                                   \
            return gd_try_status_;                                                                                     \
    } while (0)

/* Control characters, which a terminal obeys (C0, DEL, and C1 in UTF-8), become '?'. gd_error_text has none. */
void gd_make_plain(char *text);

/* Sets `status` (a local variable) and jumps to the one clean-up label on failure. */
#define GD_TRY_TO(label, expression)                                                                                   \
    do {                                                                                                               \
        status = (expression);                                                                                         \
        if (status != GD_OK)                                                                                           \
            goto label;                                                                                                \
    } while (0)

#ifdef __cplusplus
}
#endif
#endif
