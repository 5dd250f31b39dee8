// SPDX-License-Identifier: Apache-2.0
/* A line of a batch's input: which picture it asks about, and what it wants to read beside the answer.
 *
 *     "a.png"                                 a file
 *     {"path": "a.png", "id": 7}              a file, and keys that come back with its answer
 *     {"image": "iVBORw0K…", "id": 7}         the file itself in base64
 *     {"captureData": {"endpointInput": {"data": "iVBORw0K…", "encoding": "BASE64", …}, …}, "eventMetadata": {…}, …}
 *                                             the same, as a managed endpoint captures it
 *
 * Lines may be a stranger's: depth, values, paths and what comes back are bounded.
 */
#ifndef GD_CLI_PREDICT_LINE_H
#define GD_CLI_PREDICT_LINE_H

#include "base/arena.h"
#include "base/text.h"

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Most bytes of what a line has to come back with its answer. */
enum { GD_LINE_BACK = 1 << 16 };

typedef struct gd_asked {
    const char *path;  /* of the picture's file, where it lies; NULL: it is `bytes` */
    const void *bytes; /* in the arena */
    size_t length;
} gd_asked;

/* Reads line `number` of a file in `folder` ("" or "…/") and puts into `begin` what its answer begins with, members of
 * a JSON object: "path":"a.png","id":7. FORMAT says why nothing is asked; `begin` is then "line":17, as it is where
 * nothing comes back. NOMEM. */
gd_status gd_line_read(const char *folder, int64_t number, const char *line, size_t length, gd_arena *arena,
                       gd_asked *asked, gd_text *begin, gd_error *error);

#ifdef __cplusplus
}
#endif
#endif
