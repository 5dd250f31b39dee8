// SPDX-License-Identifier: Apache-2.0
#include "comm/shard.h"
#include "unit.h"

/* Whole groups, all of them, in order, as even as may be; or a refusal with both numbers. */
TEST(shares_are_whole_groups_and_make_up_the_batch)
{
    for (int batch = 1; batch <= 70; batch++) {
        for (int group = 0; group <= 35; group++) {
            int size = group > 0 && group < batch ? group : batch, groups = (batch + size - 1) / size;
            for (int ranks = 1; ranks <= groups; ranks++) {
                int next = 0, least = batch, most = 0;
                for (int r = 0; r < ranks; r++) {
                    gd_shard shard;
                    CHECK_EQ_INT(gd_shard_of(batch, group, r, ranks, &shard, NULL), GD_OK);
                    CHECK_EQ_INT(shard.first, next);
                    CHECK(shard.images > 0 && shard.first % size == 0);
                    CHECK_EQ_INT(shard.first, r * groups / ranks * size);
                    next += shard.images;
                    int taken = (shard.images + size - 1) / size;
                    least = taken < least ? taken : least;
                    most = taken > most ? taken : most;
                }
                CHECK_EQ_INT(next, batch);
                CHECK(most - least <= 1);
            }
        }
    }
}

TEST(more_ranks_than_groups_are_refused)
{
    gd_shard shard;
    gd_error error = {0};
    CHECK_FAILS(gd_shard_of(140, 32, 0, 6, &shard, &error), GD_INVALID, &error,
                "6 ranks cannot share a batch of 140 images in 5 groups of 32");
    CHECK_FAILS(gd_shard_of(64, 64, 1, 2, &shard, &error), GD_INVALID, &error, "in 1 group of 64");
}
