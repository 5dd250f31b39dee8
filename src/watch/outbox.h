// SPDX-License-Identifier: Apache-2.0
/* Alerts on their way to whoever wants to know: a thread delivers them one after the other, by a program that is
 * started for each, and tries again until that succeeds, after 1, 2, 4 … up to 300 seconds. So nobody who is slow or
 * away delays the watch.
 *
 *     history.jsonl     windows; those with an event are alerts
 *     CHANNEL.sent      the end of the last window whose alert was delivered
 *
 * What the history has behind that is sent when an outbox is opened: at least once, whatever is killed when, and twice
 * only where it was killed between the two. A channel that is new begins with what comes.
 */
#ifndef GD_WATCH_OUTBOX_H
#define GD_WATCH_OUTBOX_H

#include "watch/history.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { GD_OUTBOX_ALERTS = 64 /* that wait at most; the oldest are given up */ };

typedef struct gd_outbox_options {
    const char *folder;             /* of the watch */
    const char *channel;            /* "webhook", "command" */
    const char *title;              /* of the captures */
    const char *const *words;       /* the program and its arguments; ends with NULL */
    const char *const *environment; /* beside what an alert says; ends with NULL */
    double seconds;                 /* that a try may take */
    void (*say)(const char *line);  /* what was not delivered, and why; on the outbox's thread, too */
} gd_outbox_options;                /* all borrowed until it is closed */

typedef struct gd_outbox gd_outbox;

/* Owned by the caller until closed. NOMEM; IO, FORMAT of CHANNEL.sent. */
gd_status gd_outbox_open(const gd_outbox_options *options, const gd_history *history, gd_outbox **outbox,
                         gd_error *error);

/* A window with an event. */
void gd_outbox_send(gd_outbox *outbox, const gd_watched *window);

/* How many wait or are on their way. Accepts NULL. */
int gd_outbox_waiting(gd_outbox *outbox);

/* Ends what is on its way. Accepts NULL. */
void gd_outbox_close(gd_outbox *outbox);

#ifdef __cplusplus
}
#endif
#endif
