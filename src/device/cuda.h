// SPDX-License-Identifier: Apache-2.0
/* libgriddle-cuda.so: what it exports, and what else than the device it has to give. */
#ifndef GD_DEVICE_CUDA_H
#define GD_DEVICE_CUDA_H

#include "comm/comm.h"
#include "device/device.h"

/* The one symbol that it exports: a gd_cuda_module. */
#define GD_CUDA_MODULE "gd_cuda_library"

/* Both sides were compiled with these tables; raise the number where a member moves and no size changes. A library that
 * was built with others is refused instead of called. */
enum {
    GD_CUDA_TABLES = 1,
    GD_CUDA_LAYOUT = (((GD_CUDA_TABLES * 1009 + (int)sizeof(gd_device)) * 1009 + (int)sizeof(gd_comm)) * 101 +
                      (int)sizeof(gd_device_facts)) %
                     1000003
};

typedef struct gd_cuda_module {
    int layout; /* GD_CUDA_LAYOUT; first, whatever else changes */
    char version[16];
    gd_status (*open)(const gd_device **, gd_error *);
    gd_status (*open_nccl)(int rank, int ranks, const gd_comm *over, const gd_comm **, gd_error *);
    const char *(*nccl_version)(void);
} gd_cuda_module;

/* NCCL between `ranks` processes, of which this is `rank`, on the card that gd_device_open_cuda has opened. All call it
 * at once. They find one another over `over`, or, where that is NULL, by NCCL_COMM_ID. UNSUPPORTED where there is no
 * NCCL or it is too old; DEVICE where the ranks do not come together, as when two of them have one card. */
gd_status gd_nccl_open(int rank, int ranks, const gd_comm *over, const gd_comm **comm, gd_error *error);

/* "2.28.9", or "" where it cannot be used. */
const char *gd_nccl_version(void);

#endif
