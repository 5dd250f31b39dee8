// SPDX-License-Identifier: Apache-2.0
/* The processes that a launcher has started: mpirun, or the ranks themselves. */
#ifndef GD_DIST_CHILDREN_H
#define GD_DIST_CHILDREN_H

#include "base/status.h"

#include <stdbool.h>
#include <sys/types.h>

typedef struct gd_children {
    bool mpi; /* mpirun is the one; else they are ranks */
    int n, room;
    pid_t *pid;      /* 0: has ended */
    char fault[300]; /* how one ended that should not have; "": none has */
    bool killed;     /* mpirun, by a signal: whatever its ranks then do is its fault */
} gd_children;

/* Of all the ranks of a run, those on this machine. */
typedef struct gd_local_ranks {
    int first, here, all;
    const char *meeting; /* of NCCL: host:port of rank 0 */
} gd_local_ranks;

/* None yet, of at most `room`. */
gd_status gd_children_open(gd_children *children, int room, bool mpi, gd_error *error);
void gd_children_close(gd_children *children);

/* `death`: the signal that the child gets when this process dies; `said`: its standard error. */
gd_status gd_child_start(gd_children *children, const char *const *command, int death, int said, gd_error *error);

/* Each with its place in the environment (dist/seat.h); a watch is there already. */
gd_status gd_children_start_ranks(gd_children *children, const char *const *command, const gd_local_ranks *ranks,
                                  gd_error *error);

bool gd_children_alive(const gd_children *children);
void gd_children_kill(const gd_children *children, int signal);

/* Takes note of those that have ended. */
void gd_children_reap(gd_children *children);

/* Kills whatever has become this process's child, as what mpirun has left behind, and waits until none is left. */
void gd_children_clear(void);

/* A port of this machine that is free now. 0: none is. */
int gd_free_port(void);

#endif
