// SPDX-License-Identifier: Apache-2.0
/* A folder for as long as a process runs; also where that is killed, as the next one of its kind removes it. */
#ifndef GD_DIST_SCRATCH_H
#define GD_DIST_SCRATCH_H

#include "base/status.h"

#include <stdbool.h>

typedef struct gd_scratch {
    char path[256]; /* "": none */
} gd_scratch;

/* Makes one, in $TMPDIR, else /tmp, that nobody else may enter: PREFIX-PROCESS.six characters. `in_memory`: in shared
 * memory where that can be written. Removes those with this prefix whose processes are no more. */
gd_status gd_scratch_make(gd_scratch *scratch, const char *prefix, bool in_memory, gd_error *error);
void gd_scratch_remove(gd_scratch *scratch); /* with all in it; accepts none */

#endif
