// SPDX-License-Identifier: Apache-2.0
/* The life of MPI in a process: start, end, and the end of all ranks. */
#include "comm/mpi/mpi_comm.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static void free_mpi(gd_mpi *mpi)
{
    pthread_mutex_destroy(&mpi->lock);
    free(mpi->copy);
    free(mpi);
}

/* Those who are inside a call leave the lock between two questions, unless MPI itself is stuck: then the process ends
 * without a farewell, which mpirun takes for what it is. */
static void abort_all(const gd_comm *comm, const char *reason)
{
    enum { PATIENCE_S = 1 };
    gd_mpi *mpi = comm->state;
    struct timespec until;
    if (atomic_exchange(&mpi->aborted, true))
        return; /* another thread is at it */
    fprintf(stderr, "griddle: rank %d on %s: %s\n", comm->rank, mpi->host, reason);
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += PATIENCE_S;
    if (pthread_mutex_timedlock(&mpi->lock, &until) == 0)
        MPI_Abort(MPI_COMM_WORLD, EXIT_FAILURE);
    _exit(EXIT_FAILURE);
}

static void close_mpi(const gd_comm *comm)
{
    gd_mpi *mpi = comm->state;
    if (gd_mpi_barrier(comm) == GD_OK) { /* MPI_Finalize never ends when a rank is gone, and cannot be left */
        MPI_Op_free(&mpi->sum_f16);
        MPI_Op_free(&mpi->sum_bf16);
        MPI_Finalize();
    }
    free_mpi(mpi);
}

static gd_status start(gd_mpi *mpi, gd_error *error)
{
    int provided = MPI_THREAD_SINGLE, length, started = 0, rank, ranks;
    MPI_Initialized(&started);
    if (started)
        return gd_fail(error, GD_INVALID, "MPI can be started once in a process, and was");
    int code = MPI_Init_thread(NULL, NULL, MPI_THREAD_SERIALIZED, &provided);
    if (code != MPI_SUCCESS || provided < MPI_THREAD_SERIALIZED)
        return gd_fail(error, GD_DEVICE, "MPI does not start with threads (level %d, needed %d)", provided,
                       MPI_THREAD_SERIALIZED);
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
    MPI_Get_processor_name(mpi->host, &length);
    MPI_Op_create(gd_mpi_sum_f16, true, &mpi->sum_f16);
    MPI_Op_create(gd_mpi_sum_bf16, true, &mpi->sum_bf16);
    mpi->comm = (gd_comm){
        .name = "mpi",
        .rank = rank,
        .ranks = ranks,
        .state = mpi,
        .all_reduce = gd_mpi_all_reduce,
        .broadcast = gd_mpi_broadcast,
        .sum = gd_mpi_sum,
        .barrier = gd_mpi_barrier,
        .abort = abort_all,
        .check = gd_mpi_check,
        .close = close_mpi,
    };
    return GD_OK;
}

static gd_status open_mpi(const gd_comm **comm, gd_error *error)
{
    gd_mpi *mpi = calloc(1, sizeof *mpi);
    *comm = NULL;
    if (!mpi || !(mpi->copy = malloc(GD_MPI_PIECE_BYTES))) {
        free(mpi);
        return gd_fail(error, GD_NOMEM, "out of memory for MPI");
    }
    pthread_mutex_init(&mpi->lock, NULL);
    gd_status status = start(mpi, error);
    if (status == GD_OK)
        *comm = &mpi->comm;
    else
        free_mpi(mpi);
    return status;
}

extern const gd_mpi_module gd_mpi_exports;
__attribute__((visibility("default"))) const gd_mpi_module gd_mpi_exports = {GRIDDLE_VERSION, open_mpi};
