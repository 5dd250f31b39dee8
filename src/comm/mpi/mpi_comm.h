// SPDX-License-Identifier: Apache-2.0
/* What the files of libgriddle-mpi.so share.
 *
 * No call waits inside MPI: each is started, then asked for again and again, with rests between, so that a rank that
 * waits leaves the core to those it waits for. MPI is entered under a lock, which is what MPI_THREAD_SERIALIZED asks
 * for; in a rest it is free, and another thread can end the run. */
#ifndef GD_COMM_MPI_COMM_H
#define GD_COMM_MPI_COMM_H

#include "comm/mpi.h"

#include <mpi.h>
#include <pthread.h>
#include <stdatomic.h>

/* Larger sums and broadcasts go in pieces: MPI counts in int, and each sum wants a copy of its piece. */
enum { GD_MPI_PIECE_BYTES = 16 << 20 };

typedef struct gd_mpi {
    gd_comm comm;
    char host[MPI_MAX_PROCESSOR_NAME];
    pthread_mutex_t lock; /* who holds it may call MPI */
    MPI_Op sum_f16, sum_bf16;
    void *copy; /* GD_MPI_PIECE_BYTES: this rank's share of a sum */
    atomic_bool aborted, broken;
    gd_error failure; /* the first; written before `broken` is set */
} gd_mpi;

/* collectives.c */
gd_status gd_mpi_all_reduce(const gd_comm *, void *data, int64_t count, gd_type type, void *stream);
gd_status gd_mpi_broadcast(const gd_comm *, void *data, size_t bytes, int root, void *stream);
gd_status gd_mpi_sum(const gd_comm *, double *values, int n, gd_error *);
gd_status gd_mpi_barrier(const gd_comm *);
gd_status gd_mpi_check(const gd_comm *, gd_error *);

/* sum16.c: MPI_User_function: inout = in + inout, added in fp32, rounded to nearest. */
void gd_mpi_sum_f16(void *in, void *inout, int *n, MPI_Datatype *type);
void gd_mpi_sum_bf16(void *in, void *inout, int *n, MPI_Datatype *type);

#endif
