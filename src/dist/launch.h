// SPDX-License-Identifier: Apache-2.0
/* `griddle train --procs N`: starts the ranks on this machine, watches them, starts them again.
 *
 * Over MPI, mpirun starts them; it and what it starts can be killed, stopped and orphaned, so that the launcher rests
 * on nothing but the watch's sockets: a rank whose watch is gone ends itself, and what mpirun leaves behind becomes a
 * child of the launcher, which ends it. Over NCCL alone the launcher starts the ranks itself, and on several hosts
 * there is a launcher on each: dist/hosts.h. */
#ifndef GD_DIST_LAUNCH_H
#define GD_DIST_LAUNCH_H

#include "base/status.h"
#include "dist/hosts.h"

#include <signal.h>
#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct gd_launch_options {
    const char *const *command; /* of a rank: program, words, NULL */
    const char *const *resumed; /* the same for a run that goes on */
    const char *checkpoint;     /* the file that tells whether one can */
    const char *folder;         /* of the run */
    bool mpi;                   /* mpirun starts the ranks */
    int ranks, restarts;        /* ranks in all */
    int groups; /* of a batch, which ranks share: fewer ranks take a number that makes the most of them */
    const volatile sig_atomic_t *stop, *stops; /* the signal that came, and how many came: a second one will not wait */
    gd_hosts *hosts;                           /* prepared, and led from here; NULL: all is on this machine */
    void (*note)(const char *folder, const char *text); /* gets a line for the user, */
    void (*log)(const char *folder, const char *text);  /* and one for the run's log */
} gd_launch_options;

/* Until the run has ended, with no process of it left. `code`: what this one exits with. STOPPED where a signal came;
 * else the status and the message are those of the first rank that failed. */
gd_status gd_launch(const gd_launch_options *options, int *code, gd_error *error);

/* The next smaller number of ranks, which are at most as many as `groups`, that is of use: the smallest whose largest
 * share is no larger than that of `ranks` - 1. */
int gd_fewer_ranks(int ranks, int groups);

#ifdef __cplusplus
}
#endif
#endif
