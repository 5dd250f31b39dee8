// SPDX-License-Identifier: Apache-2.0
/* Lines of a file, plain or gzip'ed, as its first bytes say; of standard input, too. In memory stands one line at a
 * time.
 */
#ifndef GD_CAPTURED_STREAM_H
#define GD_CAPTURED_STREAM_H

#include "base/status.h"

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct gd_captured_line {
    enum {
        GD_LINE_WHOLE, /* with its newline, which is not part of it */
        GD_LINE_LAST,  /* without: the file ends with it */
        GD_LINE_LONG,  /* longer than allowed: passed over */
        GD_LINE_END    /* there is no line any more */
    } kind;
    const char *at; /* until the next is taken */
    size_t length;
    int64_t number; /* from 1 */
} gd_captured_line;

typedef struct gd_captured_stream gd_captured_stream;

/* For lines of at most `most` bytes. A stream is used for one file after the other, and keeps its memory. */
gd_status gd_captured_stream_new(size_t most, gd_captured_stream **stream, gd_error *error);

/* Opens a file, "-" for standard input; one that was open is closed. Borrows the name. IO where it cannot be opened, or
 * is a folder. */
gd_status gd_captured_stream_open(gd_captured_stream *stream, const char *name, gd_error *error);

/* IO where it cannot be read, FORMAT where it is not gzip all the way. */
gd_status gd_captured_stream_take(gd_captured_stream *stream, gd_captured_line *line, gd_error *error);

/* Bytes read so far, of all files, as they lie on the disk. */
int64_t gd_captured_stream_bytes(const gd_captured_stream *stream);

void gd_captured_stream_free(gd_captured_stream *stream); /* accepts NULL */

#ifdef __cplusplus
}
#endif
#endif
