// SPDX-License-Identifier: Apache-2.0
/* What a rank and the watch tell each other: lines of text over TCP, so that even those of two versions understand that
 * they are.
 *
 *     rank     hello RANK PID TOKEN VERSION HOST     first; else the connection is closed
 *              begin STEP                            all have agreed on what to do
 *              beat STEP                             twice a second, from a thread of its own
 *              stopped CODE TEXT · done · fail STATUS CODE TEXT     last
 *     watch    beat                                  twice a second
 *              stop SIGNAL                           save and stop
 *              abort CODE TEXT                       end at once: why
 */
#ifndef GD_DIST_LINE_H
#define GD_DIST_LINE_H

#include "base/status.h"

#include <stdbool.h>

#define GD_BEAT_SECONDS 0.5
/* So long without a sign of life, and a rank is taken for stuck: a loaded machine delays a thread by a second or two,
 * and together with two beats this is well within the 10 s in which a failure is to be noticed. */
#define GD_SILENCE_SECONDS 6.0

enum { GD_LINE_BYTES = 1024 };

/* What has been received and not been taken. */
typedef struct gd_lines {
    char text[2 * GD_LINE_BYTES];
    int used, taken;
} gd_lines;

/* Receives what is there, without waiting. False: the other side has closed, or does not keep to lines. */
bool gd_lines_receive(gd_lines *lines, int socket);

/* The next whole line, without its end; NULL: none is there. Holds until the next call. */
const char *gd_lines_next(gd_lines *lines);

/* Whether a line is `word` and `n` whole numbers. *rest (may be NULL: nothing): what follows, without spaces before it.
 */
bool gd_line_is(const char *line, const char *word, int n, long long *numbers, const char **rest);

/* Sends a line, without waiting; one that cannot go at once is lost, as the other side is, then. */
void gd_line_send(int socket, const char *format, ...) GD_PRINTF(2, 3);

/* Makes a socket as both sides want it: nothing waits, children do not have it, and a peer that does not acknowledge
 * for GD_SILENCE_SECONDS is gone, even where nothing is said. */
void gd_socket_tune(int socket);

/* To the first of `machines`, names or addresses apart by spaces, that answers at this port; tuned. -1: none does. */
int gd_socket_connect(const char *machines, const char *port);

/* Closes a socket whose last line has been sent: when the other side has closed, or after two seconds. One that is
 * closed with something unread takes back what it has sent. */
void gd_socket_part(int socket);

#endif
