// SPDX-License-Identifier: Apache-2.0
#include "comm/agree.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

gd_status gd_comm_agree(const gd_comm *comm, gd_status status, gd_error *error)
{
    gd_error told = {0};
    char host[256] = "?", text[sizeof told.message];
    int first = 0, failed = 0;
    if (!comm || comm->ranks == 1)
        return status;
    double *fails = calloc((size_t)comm->ranks, sizeof *fails); /* of each rank: 1 or 0 */
    if (!fails) {
        comm->abort(comm, "out of memory");
        return gd_fail(error, GD_NOMEM, "out of memory");
    }
    if (error && status != GD_OK)
        told = *error;
    told.status = status; /* where a program that was started has failed, nothing else says so */
    fails[comm->rank] = status != GD_OK;
    gd_status sent = comm->sum(comm, fails, comm->ranks, error);
    for (int r = comm->ranks - 1; r >= 0; r--) {
        failed += fails[r] != 0;
        first = fails[r] != 0 ? r : first;
    }
    free(fails);
    if (sent != GD_OK || failed == 0)
        return sent;
    if (failed < comm->ranks && first != 0) {
        gethostname(host, sizeof host - 1);
        snprintf(text, sizeof text, "rank %d on %s: %s", comm->rank, host,
                 told.message[0] ? told.message : gd_status_text(status));
        memcpy(told.message, text, sizeof text);
    }
    sent = comm->broadcast(comm, &told, sizeof told, first, NULL);
    if (sent != GD_OK)
        return comm->check ? comm->check(comm, error) : sent;
    if (error)
        *error = told;
    return told.status;
}

void gd_comm_give_up(const gd_comm *comm, const gd_error *error)
{
    enum { ECHO_S = 1, HEARSAY_S = 3, ENDING_S = 3 };
    if (!comm || comm->ranks == 1)
        return;
    const bool hearsay = comm->check && comm->check(comm, NULL) != GD_OK;
    const struct timespec pause = {.tv_sec = hearsay          ? HEARSAY_S
                                             : comm->rank > 0 ? ECHO_S
                                                              : 0},
                          ending = {.tv_sec = ENDING_S};
    if (nanosleep(&pause, NULL) != 0) /* a signal: the launcher is ending all ranks already */
        nanosleep(&ending, NULL);
    comm->abort(comm, error->message);
}
