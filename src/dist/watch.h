// SPDX-License-Identifier: Apache-2.0
/* The watch: where all ranks of a run report, and who says when one has failed. It is a value that is turned: by the
 * launcher, or by a thread of rank 0 where others have started the ranks (dist/team.h).
 *
 *     rank 0 ──┐  beats, a socket of their own          a rank that is gone closes its socket
 *     rank 1 ──┼─────────────────────────────► watch    one that is stuck (stopped, or cut off) is silent
 *     rank 2 ──┘                                        one that takes other steps is behind, or ahead
 *
 * Beats come from a thread of their own, so a long step, a slow disk or a first step that measures kernels is no
 * failure, whatever it takes; what a beat tells of training is the step alone. */
#ifndef GD_DIST_WATCH_H
#define GD_DIST_WATCH_H

#include "base/status.h"

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct gd_watch gd_watch; /* opaque */

/* Where ranks find gd_watch_address of the launcher that has started them. */
#define GD_WATCH_VARIABLE "GRIDDLE_WATCH"

/* What is known of the run so far. */
typedef struct gd_rank_verdict {
    bool failed;       /* the next four hold */
    int rank;          /* whose fault it is; -1: nobody's */
    gd_status status;  /* INVALID, NUMERIC …: what the rank itself said; DEVICE: it is gone, stuck or disagrees */
    int code;          /* what processes exit with; also where a signal stopped them; 0: nothing */
    char message[700]; /* one line: rank, host, step, what happened; or where a signal stopped them */
    bool late;         /* the watch itself was stopped, for so long that ranks have noticed, and have said so */
    bool begun;        /* all ranks have */
    bool ended;        /* all have said their last word, and none was a failure */
} gd_rank_verdict;

/* Instead of a rank: the watch is a launcher's, and ranks are on this machine, or on several. */
enum { GD_WATCH_MACHINE = -1, GD_WATCH_HOSTS = -2 };

/* Listens for `ranks` ranks: on all addresses, or for GD_WATCH_MACHINE on that of the machine to itself. `own`: the one
 * in whose process this is, and which the caller ends itself, or a launcher. `folder`: the run's, gets ranks.json when
 * all begin; borrowed; NULL: none. */
gd_status gd_watch_open(int ranks, int own, const char *folder, gd_watch **watch, gd_error *error);
void gd_watch_close(gd_watch *watch); /* accepts NULL; removes ranks.json */

/* Removes ranks.json of a run: for a process that ends in a hurry. */
void gd_ranks_forget(const char *folder);

/* What a rank needs to come here besides the machine's name: "PORT TOKEN". */
const char *gd_watch_address(const gd_watch *watch);

/* Hears and answers for so long at most, or until something has happened. After a failure it goes on to be turned until
 * gd_watch_empty. */
void gd_watch_turn(gd_watch *watch, int milliseconds);
const gd_rank_verdict *gd_watch_verdict(const gd_watch *watch);

/* All ranks are asked to save and stop. */
void gd_watch_stop(gd_watch *watch, int signal);

/* Somebody else has noticed a failure. The first one counts. */
void gd_watch_blame(gd_watch *watch, gd_status status, const char *format, ...) GD_PRINTF(3, 4);

/* All ranks have come. */
bool gd_watch_complete(const gd_watch *watch);

/* No rank is connected any more, but for its own. */
bool gd_watch_empty(const gd_watch *watch);

/* Ends, with SIGKILL, what is still connected: for a launcher on the ranks' own machine. */
void gd_watch_kill(const gd_watch *watch);

#ifdef __cplusplus
}
#endif
#endif
