// SPDX-License-Identifier: Apache-2.0
/* Ranks as threads of one process: a communicator that needs no library, and adds in the order of the ranks. */
#ifndef TESTS_RANKS_THREADS_H
#define TESTS_RANKS_THREADS_H

#include "comm/comm.h"

/* Runs body(argument, comm) once for each rank, each in a thread, and waits for all. */
void ranks_run(int ranks, void (*body)(void *argument, const gd_comm *comm), void *argument);

#endif
