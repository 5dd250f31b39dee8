// SPDX-License-Identifier: Apache-2.0
/* Collectives behind one table: `self` for one process, `mpi` in libgriddle-mpi.so (comm/mpi.h), `nccl`
 * in libgriddle-cuda.so (device/cuda.h).
 * All calls are collective: every rank makes the same ones in the same order. `stream` is the device's own handle, and
 * the data lie on that device; where it is NULL they are the host's, and the call returns when they are there. On the
 * CPU the calling thread is the stream. One thread at a time makes calls; `abort` alone is for any, at any time. */
#ifndef GD_COMM_H
#define GD_COMM_H

#include "base/status.h"
#include "tensor/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct gd_comm {
    const char *name;
    int rank, ranks;
    void *state;
    gd_status (*all_reduce)(const struct gd_comm *, void *data, int64_t count, gd_type type,
                            void *stream); /* sum, in place */
    gd_status (*broadcast)(const struct gd_comm *, void *data, size_t bytes, int root, void *stream);
    gd_status (*sum)(const struct gd_comm *, double *values, int n, gd_error *); /* of host values, in place */
    gd_status (*barrier)(const struct gd_comm *);

    /* Ends all ranks, when it has said why on standard error, with this rank and its host before it. May not return;
     * where it does, every other call fails from then on, also one that another thread is in. `nccl` ends what this
     * rank does: others notice by the network, or on one machine not at all, and are the launcher's to end. */
    void (*abort)(const struct gd_comm *, const char *reason);

    /* (optional) Whether it still holds: GD_OK, or why not, with rank and host. Asked after a wait: who has waited for
     * a stream knows that something has failed there, but not what, or on a GPU not even that. */
    gd_status (*check)(const struct gd_comm *, gd_error *);

    /* (optional) Waits for all ranks, then frees it; on one that does not hold any more, only frees it. Graphs with its
     * work in them are gone by then. */
    void (*close)(const struct gd_comm *);
} gd_comm;

extern const gd_comm gd_comm_self;

#ifdef __cplusplus
}
#endif
#endif
