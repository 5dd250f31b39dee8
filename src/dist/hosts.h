// SPDX-License-Identifier: Apache-2.0
/* A run on several hosts, where a platform starts the same command on each: there is a launcher on every host, which
 * starts the ranks of its own; that of the first host leads. All meet once, over TCP, at a port of the first host.
 *
 *     ranks ──┐                                                        ┌── ranks         beats, as on one machine:
 *     ranks ──┼─ launcher, leads ◄── lines ──► launcher, follows       ├── ranks         all ranks of all hosts report
 *             └───────────── watch ◄───────────────────────────────────┘                to the watch of the one that
 * leads
 *
 *     both          beat                          twice a second, while there are ranks
 *     who follows   host NUMBER VERSION NAME      first; else the connection is closed
 *                   ready RANKS                   this host is prepared for so many,
 *                   fail STATUS TEXT              or it is not
 *                   lost TEXT                     its ranks have ended, and nobody has asked for it
 *                   stop SIGNAL · halt SIGNAL     a signal came to it · and a second one
 *                   cleared                       it has no ranks any more
 *     who leads     prepare                       it has done so itself: disks may be shared
 *                   start RESUMED MEETING PORT TOKEN    ranks: from the checkpoint? NCCL's port, gd_watch_address
 *                   clear SECONDS                 ranks have so long to end by themselves
 *                   end STATUS CODE TEXT          of the run; a closed connection is one, too, and a bad one
 *
 * Nothing here is secret: who can reach that port before the hosts have met can be taken for one, as with NCCL's own
 * meeting. So it is for a network of one's own. */
#ifndef GD_DIST_HOSTS_H
#define GD_DIST_HOSTS_H

#include "base/status.h"
#include "dist/line.h"
#include "dist/seat.h"
#include "dist/watch.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct gd_hosts gd_hosts; /* opaque: the others, as the launcher of one host sees them */

/* Waits until all are there, `seconds` at most: IO says who is not. `seat`: this host's, `rank` of `ranks` hosts; it
 * knows leader and port. INVALID: they are of different versions. Leaves in the environment what ranks are to know of
 * the hosts. */
gd_status gd_hosts_meet(const gd_seat *seat, double seconds, gd_hosts **hosts, gd_error *error);

/* All prepare, who leads first. `work` says how many ranks its host is to have. Where it fails on one, or (INVALID)
 * they do not want as many each, it fails there and on who leads; who was ready hears of it as of the run's end. */
gd_status gd_hosts_prepare(gd_hosts *hosts, gd_status (*work)(void *argument, int *ranks, gd_error *), void *argument,
                           int *ranks, gd_error *error);

/* The last word to all others, if this is who leads; closes. Accepts NULL. */
void gd_hosts_end(gd_hosts *hosts, gd_status status, int code, const gd_error *error);

int gd_hosts_count(const gd_hosts *hosts);
int gd_hosts_number(const gd_hosts *hosts); /* of this one; 0 leads */
const char *gd_hosts_leader(const gd_hosts *hosts);

/* ---- for who leads ---- */

/* Who follows is to start its ranks, which find the watch there. */
void gd_hosts_start(gd_hosts *hosts, bool resumed, int meeting_port, const char *watch_address);

/* Hears all, without waiting; tells the watch of what is lost, and of a second signal. */
void gd_hosts_turn(gd_hosts *hosts, gd_watch *watch);

/* Who follows is to end its ranks, which have so long to do it themselves. */
void gd_hosts_clear(gd_hosts *hosts, double seconds);
bool gd_hosts_cleared(const gd_hosts *hosts); /* all that are still there have */

bool gd_hosts_whole(const gd_hosts *hosts); /* nobody is gone */
int gd_hosts_signal(const gd_hosts *hosts); /* that somebody who follows was sent; 0: none */

/* ---- for who follows ---- */

/* The next line of who leads, within so long; NULL: none, and *gone: there will be none. Holds until the next call. */
const char *gd_hosts_hear(gd_hosts *hosts, int milliseconds, bool *gone);

/* To who leads. */
void gd_hosts_tell(const gd_hosts *hosts, const char *word, const char *rest);

/* The run has ended, as who leads says in `line`, the end's; or (NULL) it is gone. */
gd_status gd_hosts_ended(const gd_hosts *hosts, const char *line, int *code, gd_error *error);

#ifdef __cplusplus
}
#endif
#endif
