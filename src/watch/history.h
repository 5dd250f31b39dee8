// SPDX-License-Identifier: Apache-2.0
/* The windows that a watch has looked at, oldest first: history.jsonl in its folder (watch/watched.h says what a line
 * holds). A window counts from the moment on that its line is in the file; kill -9 leaves at most a part of a line,
 * which the next one to open the history cuts off.
 *
 * One process at a time keeps a folder: watch.lock holds its number, and the lock of whoever runs.
 */
#ifndef GD_WATCH_HISTORY_H
#define GD_WATCH_HISTORY_H

#include "watch/watched.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { GD_HISTORY_WINDOWS = 20000 /* the oldest beyond are forgotten: 8 MB */ };

typedef struct gd_history {
    char path[4096];
    int lock; /* -1: not open */
    int n, room;
    gd_watched *window; /* (n) owned */
} gd_history;

/* Makes the folder where it is not there. IO where another process keeps it, naming it; FORMAT, with its place, for a
 * line that is none of a watch's. To be closed whatever comes. */
gd_status gd_history_open(const char *folder, gd_history *history, gd_error *error);
void gd_history_close(gd_history *history); /* accepts {.lock = -1} */

const gd_watched *gd_history_last(const gd_history *history); /* NULL: none */

/* A window counts. */
gd_status gd_history_append(gd_history *history, const gd_watched *window, gd_error *error);

/* Forgets windows that ended before `since_ms`, once they are a sixteenth of all; the last one stays. */
gd_status gd_history_keep(gd_history *history, int64_t since_ms, gd_error *error);

/* Windows at the end that had not ended at `now_ms` are of a clock that was wrong. Where nothing was counted in them,
 * they are taken back; `*n`: how many. */
gd_status gd_history_take_back(gd_history *history, int64_t now_ms, int *n, gd_error *error);

#ifdef __cplusplus
}
#endif
#endif
