// SPDX-License-Identifier: Apache-2.0
/* How far a batch is, on standard error: a bar where that is a terminal, a line now and then where it is not. */
#ifndef GD_CLI_PREDICT_PROGRESS_H
#define GD_CLI_PREDICT_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

typedef struct gd_batch_progress {
    bool terminal, silent;
    double start, last; /* seconds: of the run, of what was shown last */
    int width;          /* of the bar that stands there */
} gd_batch_progress;

void gd_batch_progress_begin(gd_batch_progress *progress, bool silent);

/* `done` pictures in this run, `lines` in all; `part` of the input as it was at the start of this run and is now, 0 to
 * 1, or less than 0: not known. Shows it if it is time to. */
void gd_batch_progress_show(gd_batch_progress *progress, int64_t done, int64_t lines, double part_before, double part);

/* Takes the bar away, before anything else is said. */
void gd_batch_progress_clear(gd_batch_progress *progress);

#endif
