// SPDX-License-Identifier: Apache-2.0
#include "serve/lone.h"
#include "unit.h"

/* How many of so many pictures are helped with, where they take so long. */
static int helped_of(gd_lone *lone, int pictures, uint64_t alone, uint64_t helped)
{
    int n = 0;
    for (int i = 0; i < pictures; i++) {
        const bool help = gd_lone_wants_help(lone);
        gd_lone_note(lone, help, help ? helped : alone);
        n += help;
    }
    return n;
}

TEST(what_is_faster_is_done_and_the_other_tried_now_and_then)
{
    gd_lone lone = {0};
    CHECK_EQ_INT(helped_of(&lone, 2, 300, 200), 1); /* both once */
    CHECK_EQ_INT(helped_of(&lone, 10 * GD_LONE_TRIES, 300, 200), 10 * GD_LONE_TRIES - 10);
    gd_lone slower = {0};
    CHECK_EQ_INT(helped_of(&slower, 2, 300, 295), 1); /* is not worth it */
    CHECK_EQ_INT(helped_of(&slower, 10 * GD_LONE_TRIES, 300, 295), 10);
}

TEST(none_stands_in_the_way)
{
    CHECK_EQ_INT(gd_lone_helpers(1, 8), 0);
    CHECK_EQ_INT(gd_lone_helpers(256, 2), 1);
    CHECK_EQ_INT(gd_lone_helpers(64, 64), GD_LONE_HELPERS);
}

TEST(it_follows_the_machine_and_not_one_picture)
{
    gd_lone lone = {0};
    helped_of(&lone, 100, 300000, 200000);
    gd_lone_note(&lone, true, 50000000); /* held up once */
    CHECK_EQ_INT(helped_of(&lone, 100, 300000, 200000), 100);
    CHECK(helped_of(&lone, 1000, 300000, 600000) < 60);                               /* others have come */
    CHECK(helped_of(&lone, 20 * GD_LONE_TRIES, 300000, 200000) > 15 * GD_LONE_TRIES); /* and gone */
}
