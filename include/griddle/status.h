// SPDX-License-Identifier: Apache-2.0
/* What can fail returns a gd_status; the caller-owned gd_error says what, where and why.
 *
 * A message begins in lower case, names the failure first, quotes its subject, gives both numbers where two
 * disagree, and ends with the remedy if there is one. A place, where known, stands before it:
 *     configs/a.yaml:14:11: conv 'stem': kernel 9 is larger than padded input 7
 */
#ifndef GRIDDLE_STATUS_H
#define GRIDDLE_STATUS_H

#include <stddef.h>

/* What the library shows to its users; all else in it is hidden. */
#if defined(__GNUC__)
#define GD_PUBLIC __attribute__((visibility("default")))
#else
#define GD_PUBLIC
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* name, text, exit code of the command line. INVALID is a wrong command line or config; the rest are faults of
 * files, data, models and machines. */
#define GD_STATUS_MAP(X)                                                                                               \
    X(OK, "ok", 0)                                                                                                     \
    X(INVALID, "invalid argument or config", 2)                                                                        \
    X(UNSUPPORTED, "unsupported here", 1)                                                                              \
    X(NOMEM, "out of memory", 1)                                                                                       \
    X(IO, "input or output failed", 1)                                                                                 \
    X(FORMAT, "malformed data", 1)                                                                                     \
    X(NUMERIC, "not a number", 1)                                                                                      \
    X(DEVICE, "device failed", 1)                                                                                      \
    X(STOPPED, "stopped", 1)                                                                                           \
    X(INTERNAL, "internal error", 1)

typedef enum gd_status {
#define GD_STATUS_ENUM(name, text, code) GD_##name,
    GD_STATUS_MAP(GD_STATUS_ENUM)
#undef GD_STATUS_ENUM
} gd_status;

/* Caller-owned, fixed size, never allocates. file, line and column are empty or 0 where there is no place. */
typedef struct gd_error {
    gd_status status;
    char file[256];
    int line, column; /* from 1 */
    char message[512];
} gd_error;

/* The text of a status: a static string. */
GD_PUBLIC const char *gd_status_text(gd_status status);

/* The process exit code that stands for a status: 0, 1 or 2. */
GD_PUBLIC int gd_status_exit_code(gd_status status);

/* "file:line:column: message" (or as much of it as is known) into `text`. Returns `text`. */
GD_PUBLIC const char *gd_error_text(const gd_error *error, char *text, size_t text_bytes);

#ifdef __cplusplus
}
#endif
#endif
