// SPDX-License-Identifier: Apache-2.0
/* A folder for what OpenMPI keeps while its ranks run (shared memory, addresses): it leaves that behind where it is
 * killed, and it is memory of the machine. */
#ifndef GD_DIST_SCRATCH_H
#define GD_DIST_SCRATCH_H

#include "base/status.h"

typedef struct gd_scratch {
    char path[256]; /* "": none */
} gd_scratch;

/* Makes one, in shared memory where that can be written, and removes those of processes that are no more. */
gd_status gd_scratch_make(gd_scratch *scratch, gd_error *error);
void gd_scratch_remove(gd_scratch *scratch);

#endif
