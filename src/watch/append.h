// SPDX-License-Identifier: Apache-2.0
/* Lines at the end of a file, once: what a killed process has written of them is not written again. */
#ifndef GD_WATCH_APPEND_H
#define GD_WATCH_APPEND_H

#include "base/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Appends to `path` what of `lines` (whole ones, `length` bytes) does not stand at its end already, and syncs it. So
 * who is killed on the way and writes the same lines again has them there once. What stands there of a line of others
 * is ended first. On failure, IO, the file is as it was. One writer. */
gd_status gd_append(const char *path, const char *lines, size_t length, gd_error *error);

#ifdef __cplusplus
}
#endif
#endif
