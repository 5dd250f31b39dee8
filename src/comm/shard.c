// SPDX-License-Identifier: Apache-2.0
#include "comm/shard.h"

#include <stdint.h>

gd_status gd_shard_of(int batch, int group, int rank, int ranks, gd_shard *shard, gd_error *error)
{
    const int64_t images = group > 0 && group < batch ? group : batch, groups = (batch + images - 1) / images;
    if (ranks > groups)
        return gd_fail(error, GD_INVALID,
                       "%d ranks cannot share a batch of %d images in %lld group%s of %lld: a rank takes whole groups; "
                       "use at most %lld ranks, a smaller batch_norm.group or a larger train.batch",
                       ranks, batch, (long long)groups, groups == 1 ? "" : "s", (long long)images, (long long)groups);
    int64_t first = rank * groups / ranks * images, end = (rank + 1) * groups / ranks * images;
    *shard = (gd_shard){(int)first, (int)((end < batch ? end : batch) - first)};
    return GD_OK;
}
