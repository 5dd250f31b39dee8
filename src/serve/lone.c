// SPDX-License-Identifier: Apache-2.0
#include "serve/lone.h"

int gd_lone_helpers(int workers, int cores)
{
    const int others = (workers < cores ? workers : cores) - 1;
    return others < GD_LONE_HELPERS ? others : GD_LONE_HELPERS;
}

static uint64_t read(const uint64_t *x) { return __atomic_load_n(x, __ATOMIC_RELAXED); }

bool gd_lone_wants_help(gd_lone *lone)
{
    const unsigned turn = __atomic_fetch_add(&lone->turns, 1, __ATOMIC_RELAXED);
    const uint64_t alone = read(&lone->alone), helped = read(&lone->helped);
    if (alone == 0 || helped == 0)
        return alone != 0;
    const bool better = helped < alone - alone / 16; /* who helps could sleep */
    return turn % GD_LONE_TRIES == 0 ? !better : better;
}

/* A running mean, in which one that was held up counts no more than twice what is usual. Two threads may write at once:
 * then one of them is not counted. */
void gd_lone_note(gd_lone *lone, bool helped, uint64_t ns)
{
    uint64_t *mean = helped ? &lone->helped : &lone->alone;
    const uint64_t old = read(mean), most = 2 * old, now = old == 0 ? ns : ns < most ? ns : most;
    __atomic_store_n(mean, old == 0 ? now : old - old / 16 + now / 16, __ATOMIC_RELAXED);
}
