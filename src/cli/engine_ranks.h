// SPDX-License-Identifier: Apache-2.0
/* Several processes that train together, as the verbs see them. */
#ifndef GD_CLI_ENGINE_RANKS_H
#define GD_CLI_ENGINE_RANKS_H

#include "cli/command.h"
#include "dist/team.h"

/* Who has started this process, and as which of how many. */
gd_status gd_engine_seat(gd_seat *seat, gd_error *error);

/* A launcher of ours has started it: what is done once for all ranks is done. */
bool gd_engine_was_launched(void);

/* Joins the others, if there are any, with the device that --device names. `folder`: the run's. */
gd_status gd_engine_join(gd_command *command, const gd_seat *seat, const char *folder, gd_team *team,
                         const gd_device **device, gd_error *error);

/* Collective: does the work on each rank, in turn where it may leave files behind; fails on all where it fails on one.
 */
gd_status gd_engine_in_turn(const gd_team *team, gd_status (*work)(void *argument, gd_error *), void *argument,
                            gd_error *error);

/* Collective: the signal that some rank has seen, on all of them. */
gd_status gd_engine_share_signal(const gd_comm *comm, int *signal, gd_error *error);

/* Collective, after all work, and where it failed on all of them: one process says why, rank 0 or who watches, and all
 * part. */
void gd_engine_leave(gd_command *command, gd_team *team, gd_status status, gd_error *error);

/* Starts `ranks` ranks of this command on this machine, and up to `restarts` times again. Where `seat` is that of one
 * of several hosts, all of them do so, for one run; ranks 0: as many as a host has cards. */
gd_status gd_engine_launch(gd_command *command, const gd_seat *seat, int ranks, int restarts, gd_error *error);

#endif
