// SPDX-License-Identifier: Apache-2.0
/* One window of a watch: checked, written down, told. Private to the room.
 */
#ifndef GD_WATCH_WINDOW_H
#define GD_WATCH_WINDOW_H

#include "watch/outbox.h"
#include "watch/period.h"
#include "watch/watch.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct gd_watching {
    const gd_watch_options *o;
    gd_history history;
    gd_outbox *webhook, *command; /* NULL: none */
    int64_t kept_ms;              /* reports of windows that began before are removed */
    bool waits;                   /* it was said that the clock is behind the history */
    char said[1024];              /* what went wrong in the turn before; "": nothing */
} gd_watching;

/* Checks the period and appends it to the history, with all that comes of it. IO and NOMEM, and what is wrong with
 * baseline or model: nothing was appended. IO, too, where captures cannot be read, unless it is the `last` time that
 * they are tried. STOPPED. */
gd_status gd_watching_check(gd_watching *w, gd_period period, bool last, gd_error *error);

/* Appends a period of several windows that nobody looked at. */
gd_status gd_watching_leave_out(gd_watching *w, gd_period period, gd_error *error);

/* Figures of the last window for the endpoint, where there are any, as those of the process before. */
void gd_watching_tell_last(const gd_watching *w);

/* A line to whoever listens, of less than 1,024 bytes. */
void gd_watching_say(const gd_watching *w, const char *format, ...) GD_PRINTF(2, 3);

/* How many alerts have not arrived. */
int gd_watching_waiting(const gd_watching *w);

#ifdef __cplusplus
}
#endif
#endif
