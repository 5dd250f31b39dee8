// SPDX-License-Identifier: Apache-2.0
/* A rank's side of the watch: a thread that beats, whatever the rank is doing, and ends the process when the watch says
 * so, or is gone itself. */
#ifndef GD_DIST_MEMBER_H
#define GD_DIST_MEMBER_H

#include "base/status.h"

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct gd_member gd_member; /* opaque */

typedef struct gd_member_options {
    const char *machine;       /* where the watch is: names or addresses, apart by spaces, of which one answers */
    const char *address;       /* gd_watch_address */
    const char *machine_name;  /* for messages */
    const char *host, *folder; /* this rank's machine, and the run */
    int rank, ranks;
    bool among_ranks;            /* the watch is in rank 0, and not in a launcher: it can be stuck, too */
    volatile sig_atomic_t *stop; /* set to the signal where the watch asks to stop, unless it is set */
    void (*log)(const char *folder, const char *text); /* gets the last words of a process that ends here */
} gd_member_options;

/* Borrows the texts of the options for the member's life. */
gd_status gd_member_open(const gd_member_options *options, gd_member **member, gd_error *error);

/* All have agreed on what to do; this rank begins, at `step`. Before that, what it tells of a failure is what they have
 * agreed on. Accepts NULL. */
void gd_member_begin(gd_member *member, int64_t step);

/* So many steps are done. For any number of calls: it costs a store. */
void gd_member_step(gd_member *member, int64_t step);

/* The last word. `code`: what the process is going to exit with. A failure is told to the watch, which ends all ranks
 * and says why; then this does not return. Accepts NULL. */
void gd_member_tell(gd_member *member, gd_status status, int code, const gd_error *error);

/* After that: ends the thread. Accepts NULL. */
void gd_member_close(gd_member *member);

#ifdef __cplusplus
}
#endif
#endif
