// SPDX-License-Identifier: Apache-2.0
/* The entry `mpi`: this process as one of those that mpirun started, on host memory. It is in a module of its own, so
 * that a griddle without MPI is none the worse. Any MPI will do; what is tested is OpenMPI 4.1.
 *
 * The order in which ranks are added depends on how many there are and on how much there is to add, never on time, and
 * all ranks get the same bits. (OpenMPI's own settings can choose another order: coll_libnbc_iallreduce_algorithm.) */
#ifndef GD_COMM_MPI_H
#define GD_COMM_MPI_H

#include "comm/comm.h"

/* Starts MPI, once in the life of a process. `*comm` is freed by its `close`, which ends MPI. UNSUPPORTED: this griddle
 * was built without; DEVICE: it does not load or start. Both say what is missing. */
gd_status gd_mpi_open(const gd_comm **comm, gd_error *error);

/* What libgriddle-mpi.so exports, under this name. */
#define GD_MPI_EXPORTS "gd_mpi_exports"
typedef struct gd_mpi_module {
    const char *version; /* GRIDDLE_VERSION */
    gd_status (*open)(const gd_comm **comm, gd_error *error);
} gd_mpi_module;

#endif
