// SPDX-License-Identifier: Apache-2.0
/* Where and how long threads compute, when all cores do: what the scheduler does not see to by itself.
 *
 * It puts a thread that wakes up where it looks best at that moment, which may be a core on which another computes
 * already; the two then take turns of whole ticks, 4 ms at 250 Hz, and a core beside them has hardly anything to do. So
 * who begins to compute looks whether another of this process computes on its core, and if so steps over to one where
 * none does. It is not held there.
 *
 * And a thread that has just run and is woken at once, as those that talk to the network often are, has no right to a
 * core before who computes there (since Linux 6.6), about which the scheduler asks again at its next tick only. So who
 * goes on computing gives way in between. */
#ifndef GD_SERVE_SEAT_H
#define GD_SERVE_SEAT_H

/* Once, by a thread that computes: its turns are to be short, as giving way forfeits what is left of one. */
void gd_seat_prepare(void);

/* Around what is computed. Take returns what leave is to be given. */
int gd_seat_take(void);
void gd_seat_leave(int seat);

/* Between one and the next. */
void gd_seat_give_way(void);

#endif
