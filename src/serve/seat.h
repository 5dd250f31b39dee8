// SPDX-License-Identifier: Apache-2.0
/* A core for each thread that computes.
 *
 * The scheduler puts a thread that wakes up where it looks best at that moment, which may be a core on which another
 * computes already; the two then take turns of whole ticks, 4 ms at 250 Hz, and a core beside them has hardly anything
 * to do. So who begins to compute looks whether another of this process computes on its core, and if so steps over to
 * one where none does. It is not held there: on a machine with other work the scheduler knows better afterwards. */
#ifndef GD_SERVE_SEAT_H
#define GD_SERVE_SEAT_H

/* Any thread, around what it computes. Take returns what leave is to be given. */
int gd_seat_take(void);
void gd_seat_leave(int seat);

#endif
