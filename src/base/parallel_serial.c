// SPDX-License-Identifier: Apache-2.0
#include "base/parallel.h"
#include "base/team.h"

void gd_parallel_for(int threads, int64_t n, int64_t grain, void (*body)(void *, int64_t, int64_t), void *argument)
{
    if (threads > 1 && grain < n && gd_team_for(n, grain, body, argument))
        return;
    for (int64_t begin = 0; begin < n; begin += grain)
        body(argument, begin, begin + grain < n ? begin + grain : n);
}

int gd_parallel_threads(void) { return 1; }

void gd_parallel_limit(int threads) { (void)threads; }
