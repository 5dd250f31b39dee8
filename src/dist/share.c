// SPDX-License-Identifier: Apache-2.0
#include "dist/share.h"

#include "base/parallel.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

gd_share gd_share_of(const gd_seat *seat, int given, int machine, int wanted)
{
    const int rank = seat->local_rank, ranks = seat->local_ranks;
    const bool ours = seat->starter == GD_STARTED_BY_GRIDDLE;
    gd_share share = {0};
    if (ranks == 1)
        return share;
    if (ours || given == machine) { /* all ranks have the same ones */
        int begin = (int)((long long)rank * given / ranks), end = (int)((long long)(rank + 1) * given / ranks);
        if (given >= 2 * ranks) { /* one alone is left to the scheduler: its helpers (loader, sums) find a free one */
            share.first = begin;
            share.cpus = end - begin;
        }
        share.threads = wanted ? wanted : given >= ranks ? end - begin : 1;
        if (given < ranks)
            snprintf(share.note, sizeof share.note, "%d ranks share %d processor%s: they take turns", ranks, given,
                     given == 1 ? "" : "s");
        else if (wanted > given / ranks)
            snprintf(share.note, sizeof share.note,
                     "%d ranks of OMP_NUM_THREADS=%d threads share %d processors: threads take turns", ranks, wanted,
                     given);
    } else if (wanted > given) {
        snprintf(share.note, sizeof share.note,
                 "this rank is bound to %d processor%s, and OMP_NUM_THREADS is %d; mpirun --bind-to none, srun "
                 "--cpus-per-task=%d",
                 given, given == 1 ? "" : "s", wanted, wanted);
    } else if (given * ranks < machine) {
        snprintf(share.note, sizeof share.note,
                 "%d ranks are bound to %d processor%s each, of %d; mpirun --bind-to none lets them share all", ranks,
                 given, given == 1 ? "" : "s", machine);
    }
    return share;
}

void gd_share_take(const gd_seat *seat, gd_share *share)
{
    cpu_set_t mine, taken;
    const char *wanted = getenv("OMP_NUM_THREADS");
    int machine = (int)sysconf(_SC_NPROCESSORS_ONLN), at = 0;
    *share = (gd_share){0};
    if (sched_getaffinity(0, sizeof mine, &mine) != 0)
        return; /* more processors than the mask has places for: as they are */
    *share = gd_share_of(seat, CPU_COUNT(&mine), machine, wanted ? (int)strtol(wanted, NULL, 10) : 0);
    CPU_ZERO(&taken);
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
        if (!CPU_ISSET(cpu, &mine))
            continue;
        if (at >= share->first && at < share->first + share->cpus)
            CPU_SET(cpu, &taken);
        at++;
    }
    if (share->cpus > 0)
        sched_setaffinity(0, sizeof taken, &taken);
    if (share->threads > 0)
        gd_parallel_limit(share->threads);
}

gd_status gd_share_card(const gd_seat *seat, const char *visible, char card[64], gd_error *error)
{
    int cards = 1;
    if (!visible || !*visible) {
        snprintf(card, 64, "%d", seat->local_rank);
        return GD_OK;
    }
    for (const char *at = visible; (at = strchr(at, ',')); at++)
        cards++;
    if (cards > 1 && cards < seat->local_ranks)
        return gd_fail(error, GD_INVALID,
                       "%d ranks on '%s', but CUDA_VISIBLE_DEVICES=%s names %d cards: a rank needs one",
                       seat->local_ranks, seat->host, visible, cards);
    for (int skip = cards > 1 ? seat->local_rank : 0; skip > 0; skip--)
        visible = strchr(visible, ',') + 1;
    snprintf(card, 64, "%.*s", (int)strcspn(visible, ","), visible);
    return GD_OK;
}
