// SPDX-License-Identifier: Apache-2.0
/* Several processes that train together, as the verbs see them. `comm` NULL: this one is alone. */
#ifndef GD_CLI_ENGINE_RANKS_H
#define GD_CLI_ENGINE_RANKS_H

#include "cli/command.h"
#include "comm/comm.h"

bool gd_engine_is_one_of_many(void);

/* Joins the others, where mpirun started this process; else `*comm` is NULL. */
gd_status gd_engine_join(const gd_comm **comm, gd_error *error);

/* Collective: does the work on each rank, in turn where it may leave files behind; fails on all where it fails on one.
 */
gd_status gd_engine_in_turn(const gd_comm *comm, gd_status (*work)(void *argument, gd_error *), void *argument,
                            gd_error *error);

/* Collective: the signal that some rank has seen, on all of them. */
gd_status gd_engine_share_signal(const gd_comm *comm, int *signal, gd_error *error);

/* Collective, after all work, and where it failed on all of them: rank 0 says why, and all part. */
void gd_engine_leave(gd_command *command, const gd_comm *comm, gd_status status, gd_error *error);

#endif
