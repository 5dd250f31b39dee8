// SPDX-License-Identifier: Apache-2.0
/* NCCL itself: loaded when a communicator is first asked for; its functions. */
#ifndef GD_CUDA_NCCL_H
#define GD_CUDA_NCCL_H

#include "base/status.h"
#include "comm/comm.h"
#include "nccl/abi.h"

typedef struct gd_nccl_functions {
#define GD_NCCL_MEMBER(type, name, parameters) type(*name) parameters;
    GD_NCCL_FUNCTIONS(GD_NCCL_MEMBER)
#undef GD_NCCL_MEMBER
} gd_nccl_functions;

extern gd_nccl_functions gd_nccl; /* once gd_nccl_load has succeeded */

/* Once a process; later calls repeat the answer. UNSUPPORTED: it is absent, too old, or lacks a function. */
gd_status gd_nccl_load(gd_error *error);

/* "2.28.9", or "" where it cannot be used. */
const char *gd_nccl_find_version(void);

/* gd_nccl_open of device/cuda.h. */
gd_status gd_nccl_comm_new(int rank, int ranks, const gd_comm *over, const gd_comm **comm, gd_error *error);

#endif
