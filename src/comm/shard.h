// SPDX-License-Identifier: Apache-2.0
/* Which images of a batch a rank computes. A batch is the same for any number of ranks, and consists of groups of
 * images that are normalised together (kernel/bn.h); a rank takes whole groups, neighbours, so that N ranks compute
 * what one would.
 *
 *     images   0 … 31 | 32 … 63 | 64 … 95 | 96 … 127 | 128 … 139      G = 5 groups, of 32
 *     ranks    0                | 1                  | 2  …           rank r of N: groups rG/N … (r+1)G/N - 1
 */
#ifndef GD_COMM_SHARD_H
#define GD_COMM_SHARD_H

#include "base/status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct gd_shard {
    int first, images; /* of the batch */
} gd_shard;

/* `group`: images that stay together; 0: all of them. INVALID where there are fewer groups than ranks. */
gd_status gd_shard_of(int batch, int group, int rank, int ranks, gd_shard *shard, gd_error *error);

#ifdef __cplusplus
}
#endif
#endif
