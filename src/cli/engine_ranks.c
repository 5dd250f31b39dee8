// SPDX-License-Identifier: Apache-2.0
/* One of several processes that train together. Rank 0 is the one that writes and talks; it does first what leaves
 * files behind, then one process on each other machine, as disks may be shared or not, then the rest, who find it done.
 */
#include "cli/engine_ranks.h"

#include "cli/engine.h"
#include "comm/agree.h"
#include "dist/share.h"
#include "dist/watch.h"
#include "train/run.h"

#include <stdio.h>
#include <stdlib.h>

static const char *variable(const char *name) { return getenv(name); }

gd_status gd_engine_seat(gd_seat *seat, gd_error *error) { return gd_seat_find(variable, seat, error); }

bool gd_engine_was_launched(void) { return getenv(GD_WATCH_VARIABLE) != NULL; }

static void log_line(const char *folder, const char *text) { gd_run_log(folder, "%s", text); }

static void share_machine(const gd_seat *seat)
{
    gd_share share;
    gd_share_take(seat, &share);
    if (share.note[0] && seat->local_rank == 0)
        fprintf(stderr, "griddle: on %s %s\n", seat->host, share.note);
}

gd_status gd_engine_join(gd_command *command, const gd_seat *seat, const char *folder, gd_team *team,
                         const gd_device **device, gd_error *error)
{
    gd_stop *stop = NULL;
    gd_status status;
    share_machine(seat);
    if (seat->ranks > 1 || gd_engine_was_launched())
        stop = gd_stop_catch(false); /* who has started the ranks ends them */
    GD_TRY_TO(done, gd_team_join(team, seat, folder, stop ? &stop->signal : NULL, log_line, error));
    GD_TRY_TO(done, gd_team_choose_card(seat, error));
    GD_TRY_TO(done, gd_engine_device(command, device, error));
    status = gd_team_connect(team, *device, error);
done:
    if (status != GD_OK && !team->member && seat->local_rank != 0) {
        command->exit_code = gd_status_exit_code(status);
        error->message[0] = '\0'; /* one on each machine says it */
    }
    return status;
}

gd_status gd_engine_in_turn(const gd_team *team, gd_status (*work)(void *argument, gd_error *), void *argument,
                            gd_error *error)
{
    enum { LEADER, MACHINES, OTHERS, TURNS };
    const gd_seat *seat = &team->seat;
    if (!team->comm)
        return work(argument, error);
    const int own = seat->rank == 0 ? LEADER : seat->local_rank == 0 ? MACHINES : OTHERS;
    for (int turn = LEADER; turn < TURNS; turn++)
        GD_TRY(gd_comm_agree(team->comm, turn == own ? work(argument, error) : GD_OK, error));
    return GD_OK;
}

gd_status gd_engine_share_signal(const gd_comm *comm, int *signal, gd_error *error)
{
    static const int known[] = {SIGINT, SIGTERM, SIGHUP};
    double seen[] = {*signal == SIGINT, *signal == SIGTERM, *signal == SIGHUP};
    GD_TRY(comm->sum(comm, seen, 3, error));
    for (int i = 2; i >= 0; i--)
        *signal = seen[i] > 0 ? known[i] : *signal;
    return GD_OK;
}

void gd_engine_leave(gd_command *command, gd_team *team, gd_status status, gd_error *error)
{
    const int code = command->exit_code ? command->exit_code : gd_status_exit_code(status);
    if (!team->member) { /* alone, or never among the others */
        gd_team_close(team, status, code, error);
        return;
    }
    if (status == GD_STOPPED && team->seat.rank == 0 && !gd_engine_was_launched())
        gd_command_complain(error);
    fflush(stdout); /* as soon as one has left with a failure, mpirun ends the rest */
    gd_team_close(team, status, code, error);
    command->exit_code = code;
    if (status != GD_OK)
        error->message[0] = '\0'; /* rank 0 has said it, or the launcher will */
}
