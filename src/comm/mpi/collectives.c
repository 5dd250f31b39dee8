// SPDX-License-Identifier: Apache-2.0
#include "comm/mpi/mpi_comm.h"

#include <string.h>
#include <time.h>

/* ---- failures ---- */

/* The first is kept: it is the cause of the others. */
static gd_status fail(gd_mpi *mpi, int code, const char *operation)
{
    char text[MPI_MAX_ERROR_STRING] = "";
    int length;
    pthread_mutex_lock(&mpi->lock);
    MPI_Error_string(code, text, &length);
    if (!mpi->broken) {
        gd_fail(&mpi->failure, GD_DEVICE, "rank %d on %s: %s: %s", mpi->comm.rank, mpi->host, operation, text);
        mpi->broken = true;
    }
    pthread_mutex_unlock(&mpi->lock);
    return GD_DEVICE;
}

gd_status gd_mpi_check(const gd_comm *comm, gd_error *error)
{
    const gd_mpi *mpi = comm->state;
    return mpi->broken ? gd_fail(error, GD_DEVICE, "%s", mpi->failure.message) : GD_OK;
}

/* ---- waiting ---- */

/* A short wait is watched closely, a long one sleepily: other ranks, and this one's own threads, may want the core. Who
 * sleeps is soon served when he wakes, by a scheduler that is fair; who yields goes to the end of the queue each time.
 */
enum { WATCHED = 200, LONGER_AFTER = 8, STEP_NS = 10000, MOST_STEPS = 100 };

static void rest(int turn)
{
    if (turn >= WATCHED)
        nanosleep(&(struct timespec){.tv_nsec = STEP_NS * (1 + (turn - WATCHED) / LONGER_AFTER)}, NULL);
}

/* `code` is what the start of it returned. */
static gd_status finish(gd_mpi *mpi, int code, MPI_Request *request, const char *operation)
{
    int done = 0;
    const int last = WATCHED + (MOST_STEPS - 1) * LONGER_AFTER; /* some wait for hours */
    for (int turn = 0; code == MPI_SUCCESS && !done; turn += turn < last) {
        pthread_mutex_lock(&mpi->lock);
        code = MPI_Test(request, &done, MPI_STATUS_IGNORE);
        pthread_mutex_unlock(&mpi->lock);
        if (!done)
            rest(turn);
    }
    return code == MPI_SUCCESS ? GD_OK : fail(mpi, code, operation);
}

/* ---- collectives ---- */

static gd_status sum_piece(gd_mpi *mpi, void *data, int count, size_t bytes, MPI_Datatype type, MPI_Op op)
{
    MPI_Request request = MPI_REQUEST_NULL;
    memcpy(mpi->copy, data, bytes); /* summed in place OpenMPI would take its slowest way for large counts */
    pthread_mutex_lock(&mpi->lock);
    int code = MPI_Iallreduce(mpi->copy, data, count, type, op, MPI_COMM_WORLD, &request);
    pthread_mutex_unlock(&mpi->lock);
    return finish(mpi, code, &request, "all_reduce");
}

gd_status gd_mpi_all_reduce(const gd_comm *comm, void *data, int64_t count, gd_type type, void *stream)
{
    gd_mpi *mpi = comm->state;
    const struct {
        gd_type type;
        MPI_Datatype datatype;
        MPI_Op op;
    } known[] = {{GD_F64, MPI_DOUBLE, MPI_SUM},
                 {GD_F32, MPI_FLOAT, MPI_SUM},
                 {GD_F16, MPI_UINT16_T, mpi->sum_f16},
                 {GD_BF16, MPI_UINT16_T, mpi->sum_bf16}};
    const size_t element = gd_type_bytes(type);
    const int64_t most = GD_MPI_PIECE_BYTES / (int64_t)element;
    size_t k = 0;
    (void)stream;
    GD_TRY(gd_mpi_check(comm, NULL));
    while (k < sizeof known / sizeof *known && known[k].type != type)
        k++;
    if (k == sizeof known / sizeof *known)
        return GD_UNSUPPORTED;
    for (int64_t at = 0; at < count; at += most) {
        const int n = (int)(count - at < most ? count - at : most);
        GD_TRY(sum_piece(mpi, (unsigned char *)data + (size_t)at * element, n, (size_t)n * element, known[k].datatype,
                         known[k].op));
    }
    return GD_OK;
}

gd_status gd_mpi_broadcast(const gd_comm *comm, void *data, size_t bytes, int root, void *stream)
{
    gd_mpi *mpi = comm->state;
    (void)stream;
    GD_TRY(gd_mpi_check(comm, NULL));
    for (size_t at = 0; at < bytes; at += GD_MPI_PIECE_BYTES) {
        const size_t n = bytes - at < GD_MPI_PIECE_BYTES ? bytes - at : GD_MPI_PIECE_BYTES;
        MPI_Request request = MPI_REQUEST_NULL;
        pthread_mutex_lock(&mpi->lock);
        int code = MPI_Ibcast((unsigned char *)data + at, (int)n, MPI_BYTE, root, MPI_COMM_WORLD, &request);
        pthread_mutex_unlock(&mpi->lock);
        GD_TRY(finish(mpi, code, &request, "broadcast"));
    }
    return GD_OK;
}

gd_status gd_mpi_sum(const gd_comm *comm, double *values, int n, gd_error *error)
{
    gd_status status = gd_mpi_all_reduce(comm, values, n, GD_F64, NULL);
    return status == GD_OK ? GD_OK : gd_mpi_check(comm, error);
}

gd_status gd_mpi_barrier(const gd_comm *comm)
{
    gd_mpi *mpi = comm->state;
    MPI_Request request = MPI_REQUEST_NULL;
    GD_TRY(gd_mpi_check(comm, NULL));
    pthread_mutex_lock(&mpi->lock);
    int code = MPI_Ibarrier(MPI_COMM_WORLD, &request);
    pthread_mutex_unlock(&mpi->lock);
    return finish(mpi, code, &request, "barrier");
}
