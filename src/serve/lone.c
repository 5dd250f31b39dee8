// SPDX-License-Identifier: Apache-2.0
#include "serve/lone.h"

int gd_lone_helpers(int workers, int cores)
{
    const int others = (workers < cores ? workers : cores) - 1;
    return others < GD_LONE_HELPERS ? others : GD_LONE_HELPERS;
}

static uint64_t read(const uint64_t *x) { return __atomic_load_n(x, __ATOMIC_RELAXED); }

static bool help_is_better(uint64_t alone, uint64_t helped)
{
    return helped < alone - alone / 16; /* who helps could sleep */
}

bool gd_lone_wants_help(gd_lone *lone)
{
    const unsigned turn = __atomic_fetch_add(&lone->turns, 1, __ATOMIC_RELAXED);
    const uint64_t alone = read(&lone->alone), helped = read(&lone->helped);
    if (alone == 0 || helped == 0)
        return alone != 0;
    const bool better = help_is_better(alone, helped);
    return turn % GD_LONE_TRIES == 0 ? !better : better;
}

/* Running means, in which one that was held up counts no more than twice what is usual. What is seldom tried weighs
 * more, or it would take thousands of pictures to find that times have changed. Two threads may write at once: then one
 * of them is not counted. */
void gd_lone_note(gd_lone *lone, bool helped, uint64_t ns)
{
    uint64_t *mean = helped ? &lone->helped : &lone->alone;
    const bool usual = help_is_better(read(&lone->alone), read(&lone->helped)) == helped;
    const uint64_t old = read(mean), most = 2 * old, now = ns < most ? ns : most, of = usual ? 16 : 2;
    __atomic_store_n(mean, old == 0 ? ns : old - old / of + now / of, __ATOMIC_RELAXED);
}
