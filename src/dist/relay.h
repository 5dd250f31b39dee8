// SPDX-License-Identifier: Apache-2.0
/* What ranks say comes through mpirun, and MPI's libraries put in words of their own: when a rank is gone, all the
 * others say so, each in its way. "[machine:process] …" is how those begin; they go to the run's log, and the rest is
 * passed on as it comes. */
#ifndef GD_DIST_RELAY_H
#define GD_DIST_RELAY_H

#include <stdbool.h>

typedef struct gd_relay {
    int from; /* a pipe's end that does not wait; -1: closed */
    char head[512];
    int used;
    enum { GD_RELAY_BEGIN, GD_RELAY_PASS, GD_RELAY_LOG } state; /* of the line that is coming */
} gd_relay;

/* Passes on what is there, to the descriptor `to`; whole lines of MPI's go to `log` with `folder`. */
void gd_relay_turn(gd_relay *relay, int to, const char *folder, void (*log)(const char *folder, const char *text));

/* Nothing follows: what was held back is passed on, and a line that was left open ends. */
void gd_relay_end(gd_relay *relay, int to);

#endif
