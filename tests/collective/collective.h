// SPDX-License-Identifier: Apache-2.0
/* griddle-collective: what a communicator of NCCL's does, tried by each of the processes that share it. RANK and
 * WORLD_SIZE say which this is and how many there are (none: one alone); they meet by NCCL_COMM_ID, or, started
 * by mpirun, over MPI. tools/gpu-check
 * runs it on cards, tests/cuda/nccl.py on emulated ones. */
#ifndef TESTS_COLLECTIVE_H
#define TESTS_COLLECTIVE_H

#include "cli/command.h"
#include "device/cuda.h"

typedef struct collective {
    const gd_device *device;
    const gd_comm *comm, *over; /* NCCL, or what was asked for; MPI or NULL */
} collective;

/* The card, and NCCL on it. */
gd_status collective_open(collective *, gd_error *error);
void collective_close(collective *, const gd_error *failure); /* NULL: none; else the others are not waited for */

/* numbers.c: sums and broadcasts of every type, at once and out of a graph, are what they should be. */
gd_status collective_check(gd_command *, gd_error *);

/* ends.c: what waits for ranks that do not come ends when somebody aborts, or NCCL notices. */
gd_status collective_abort(gd_command *, gd_error *);
gd_status collective_hang(gd_command *, gd_error *);

/* train.c: a run, over NCCL or alone. */
gd_status collective_train(gd_command *, gd_error *);

#endif
