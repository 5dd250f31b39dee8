// SPDX-License-Identifier: Apache-2.0
/* As much of NCCL's interface as Griddle calls, so that it builds where nccl.h is not. Names, values and signatures are
 * NVIDIA's (docs.nvidia.com/deeplearning/nccl/user-guide/docs/api.html); tests/cuda/nccl_abi.c holds them against the
 * real headers of the oldest version that is served, 2.18, and of recent ones.
 *
 * gd_nccl_config is ncclConfig_t as 2.18 had it. Later versions add fields behind these and read no more than the size
 * and the version in it say; 2.18 is the oldest served because with it this layout begins.
 */
#ifndef GD_CUDA_NCCL_ABI_H
#define GD_CUDA_NCCL_ABI_H

#include <cuda_runtime_api.h>
#include <limits.h>
#include <stddef.h>

/* type, name, value */
#define GD_NCCL_VALUES(X)                                                                                              \
    X(ncclResult_t, ncclSuccess, 0)                                                                                    \
    X(ncclResult_t, ncclUnhandledCudaError, 1)                                                                         \
    X(ncclResult_t, ncclSystemError, 2)                                                                                \
    X(ncclResult_t, ncclInternalError, 3)                                                                              \
    X(ncclResult_t, ncclInvalidArgument, 4)                                                                            \
    X(ncclResult_t, ncclInvalidUsage, 5)                                                                               \
    X(ncclResult_t, ncclRemoteError, 6)                                                                                \
    X(ncclResult_t, ncclInProgress, 7)                                                                                 \
    X(ncclRedOp_t, ncclSum, 0)                                                                                         \
    X(ncclDataType_t, ncclUint8, 1)                                                                                    \
    X(ncclDataType_t, ncclFloat16, 6)                                                                                  \
    X(ncclDataType_t, ncclFloat32, 7)                                                                                  \
    X(ncclDataType_t, ncclFloat64, 8)                                                                                  \
    X(ncclDataType_t, ncclBfloat16, 9)

/* result, name, parameters */
#define GD_NCCL_FUNCTIONS(X)                                                                                           \
    X(ncclResult_t, ncclGetVersion, (int *version))                                                                    \
    X(const char *, ncclGetErrorString, (ncclResult_t))                                                                \
    X(const char *, ncclGetLastError, (ncclComm_t))                                                                    \
    X(ncclResult_t, ncclGetUniqueId, (ncclUniqueId *))                                                                 \
    X(ncclResult_t, ncclCommInitRankConfig, (ncclComm_t *, int ranks, ncclUniqueId, int rank, ncclConfig_t *))         \
    X(ncclResult_t, ncclCommGetAsyncError, (ncclComm_t, ncclResult_t *))                                               \
    X(ncclResult_t, ncclCommFinalize, (ncclComm_t))                                                                    \
    X(ncclResult_t, ncclCommDestroy, (ncclComm_t))                                                                     \
    X(ncclResult_t, ncclCommAbort, (ncclComm_t))                                                                       \
    X(ncclResult_t, ncclAllReduce,                                                                                     \
      (const void *from, void *to, size_t count, ncclDataType_t, ncclRedOp_t, ncclComm_t, cudaStream_t))               \
    X(ncclResult_t, ncclBroadcast,                                                                                     \
      (const void *from, void *to, size_t count, ncclDataType_t, int root, ncclComm_t, cudaStream_t))

typedef struct gd_nccl_config {
    size_t size;
    unsigned magic, version;
    int blocking;
    int cga_cluster_size, min_ctas, max_ctas;
    const char *net_name;
    int split_share;
} gd_nccl_config;

enum { GD_NCCL_MAGIC = (int)0xcafebeef, GD_NCCL_CONFIG_VERSION = 21800, GD_NCCL_UNDEFINED = INT_MIN };

/* The real header has the types, too. */
#ifndef NCCL_H_
typedef enum gd_nccl_value {
#define GD_NCCL_VALUE(type, name, value) name = value,
    GD_NCCL_VALUES(GD_NCCL_VALUE)
#undef GD_NCCL_VALUE
} gd_nccl_value;
typedef gd_nccl_value ncclResult_t, ncclRedOp_t, ncclDataType_t;
typedef struct ncclComm *ncclComm_t;
typedef gd_nccl_config ncclConfig_t;
typedef struct ncclUniqueId {
    char internal[128];
} ncclUniqueId;
#endif

#endif
