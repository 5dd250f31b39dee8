// SPDX-License-Identifier: Apache-2.0
/* Collectives behind one table: `self` for one process; MPI and NCCL are entries to come.
 * All calls are collective: every rank makes the same ones in the same order. `stream` is the device's own handle, and
 * the data lie on that device; where it is NULL they are the host's, and the call returns when they are there. */
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
    void (*abort)(const struct gd_comm *, const char *reason);
} gd_comm;

extern const gd_comm gd_comm_self;

#ifdef __cplusplus
}
#endif
#endif
