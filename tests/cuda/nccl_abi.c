// SPDX-License-Identifier: Apache-2.0
/* What cuda/nccl/abi.h says of NCCL, held against NVIDIA's header: that it compiles is the test (nccl.py, and
 * tools/make-symbols.py for several versions). */
#include <cuda_bf16.h>
#ifndef __CUDA_BF16_TYPES_EXIST__ /* in C it has none, and NCCL's header then hides the name of theirs */
#define __CUDA_BF16_TYPES_EXIST__
#endif
#include <nccl.h>

#include "nccl/abi.h"

#define CHECK_VALUE(type, name, value) _Static_assert((type)(value) == name, #name);
GD_NCCL_VALUES(CHECK_VALUE)

#define CHECK_FUNCTION(type, name, parameters)                                                                         \
    _Static_assert(_Generic(&name, type(*) parameters : 1, default : 0), #name);
GD_NCCL_FUNCTIONS(CHECK_FUNCTION)

/* Ours is the beginning of theirs. */
#define CHECK_MEMBER(own, theirs)                                                                                      \
    _Static_assert(offsetof(gd_nccl_config, own) == offsetof(ncclConfig_t, theirs) &&                                  \
                       sizeof((gd_nccl_config *)0)->own == sizeof((ncclConfig_t *)0)->theirs,                          \
                   #theirs);
CHECK_MEMBER(size, size)
CHECK_MEMBER(magic, magic)
CHECK_MEMBER(version, version)
CHECK_MEMBER(blocking, blocking)
CHECK_MEMBER(cga_cluster_size, cgaClusterSize)
CHECK_MEMBER(min_ctas, minCTAs)
CHECK_MEMBER(max_ctas, maxCTAs)
CHECK_MEMBER(net_name, netName)
CHECK_MEMBER(split_share, splitShare)
_Static_assert(sizeof(gd_nccl_config) <= sizeof(ncclConfig_t), "ncclConfig_t");
_Static_assert(NCCL_CONFIG_UNDEF_INT == GD_NCCL_UNDEFINED, "NCCL_CONFIG_UNDEF_INT");
_Static_assert(sizeof(ncclUniqueId) == 128, "ncclUniqueId");
