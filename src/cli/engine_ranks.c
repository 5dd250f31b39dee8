// SPDX-License-Identifier: Apache-2.0
/* One of several processes that train together. Rank 0 is the one that writes and talks; it does first what leaves
 * files behind, then one process on each other machine, as disks may be shared or not, then the rest, who find it done.
 */
#include "cli/engine_ranks.h"

#include "comm/agree.h"
#include "comm/mpi.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

/* What mpirun of OpenMPI tells each process. */
static int told(const char *variable, int otherwise)
{
    const char *text = getenv(variable);
    return text ? atoi(text) : otherwise; // NOLINT(cert-err34-c): not the user's
}

#define LOCAL_RANK "OMPI_COMM_WORLD_LOCAL_RANK"

bool gd_engine_is_one_of_many(void) { return told("OMPI_COMM_WORLD_SIZE", 1) > 1; }

gd_status gd_engine_join(const gd_comm **comm, gd_error *error)
{
    const int ranks = told("OMPI_COMM_WORLD_SIZE", 0);
    *comm = ranks == 1 ? &gd_comm_self : NULL;
    if (ranks <= 1)
        return GD_OK;
    gd_status status = gd_mpi_open(comm, error);
    if (status != GD_OK && told(LOCAL_RANK, 0) != 0)
        error->message[0] = '\0'; /* one on each machine says it */
    return status;
}

gd_status gd_engine_in_turn(const gd_comm *comm, gd_status (*work)(void *argument, gd_error *), void *argument,
                            gd_error *error)
{
    enum { LEADER, MACHINES, OTHERS, TURNS };
    if (!comm)
        return work(argument, error);
    const int own = comm->rank == 0 ? LEADER : told(LOCAL_RANK, 1) == 0 ? MACHINES : OTHERS;
    for (int turn = LEADER; turn < TURNS; turn++)
        GD_TRY(gd_comm_agree(comm, turn == own ? work(argument, error) : GD_OK, error));
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

void gd_engine_leave(gd_command *command, const gd_comm *comm, gd_status status, gd_error *error)
{
    if (!comm)
        return;
    if (status != GD_OK) {
        if (!command->exit_code)
            command->exit_code = gd_status_exit_code(status);
        if (comm->rank == 0 && error->message[0])
            gd_command_complain(error);
        error->message[0] = '\0'; /* has been said */
    }
    fflush(stdout); /* as soon as one has left with a failure, mpirun ends the rest */
    if (comm->close)
        comm->close(comm);
}
