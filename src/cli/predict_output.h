// SPDX-License-Identifier: Apache-2.0
/* A file of lines that is written as it goes and that a later run can go on with.
 *
 *     opened     whole lines of an earlier run │ a line that was cut off │
 *     kept       each whole line was looked at and found to belong here
 *     begun      ────────────────────────────► │ what follows is cut, new lines come here
 *
 * Lines are written one by one and whole: who reads along sees no half of one but in the moment of a write, and a
 * process that is killed leaves at most one, at the end. Nothing is changed before `begin`.
 */
#ifndef GD_CLI_PREDICT_OUTPUT_H
#define GD_CLI_PREDICT_OUTPUT_H

#include "base/text.h"

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct gd_output {
    const char *name; /* borrowed */
    int file;         /* standard output where the name is "-" */
    bool regular;     /* a file, and not "-" */
    int64_t lines;    /* whole ones that belong here */
    int64_t bytes;    /* theirs */
    void *earlier;    /* mapped: what was there when it was opened */
    size_t earlier_bytes;
} gd_output;

/* Makes the file, or opens and locks the one that is there: IO where it is no regular file, or another process is at
 * it. To be closed whatever comes. */
gd_status gd_output_open(const char *name, gd_output *output, gd_error *error);

/* The next line of an earlier run, without its newline; `*whole` false: it was cut off. False: there is none. */
bool gd_output_earlier(const gd_output *output, const char **line, size_t *length, bool *whole);

/* That line belongs here. A line that was cut off is not to be kept. */
void gd_output_keep(gd_output *output);

/* What has not been kept goes; lines may be added. */
gd_status gd_output_begin(gd_output *output, gd_error *error);

/* `line` ends with its newline. IO leaves the lines before it. */
gd_status gd_output_add(gd_output *output, const gd_text *line, gd_error *error);

/* What was added is on the disk. */
gd_status gd_output_sync(gd_output *output, gd_error *error);
void gd_output_close(gd_output *output); /* accepts {.file = -1} */

#ifdef __cplusplus
}
#endif
#endif
