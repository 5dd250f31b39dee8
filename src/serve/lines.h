// SPDX-License-Identifier: Apache-2.0
/* Whole lines at the end of a file: a full disk leaves no half of one. */
#ifndef GD_SERVE_LINES_H
#define GD_SERVE_LINES_H

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct gd_lines_result {
    size_t bytes; /* that stand in the file now; up to and with a newline, unless torn */
    int reason;   /* errno of what stopped it; 0: all is written */
    bool torn;    /* the file ends with part of a line that could not be taken back */
} gd_lines_result;

/* `file` is a regular one, opened with O_APPEND; each of `lines` ends with a newline. A line of which only a part found
 * room is cut off again. */
gd_lines_result gd_lines_append(int file, const char *lines, size_t length);

/* Cuts off what stands behind the last newline of a file that nobody writes: what kill -9 in the middle of a write
 * left. Returns how many bytes that were, -1 with errno where it failed. */
long long gd_lines_mend(int file);

#ifdef __cplusplus
}
#endif
#endif
