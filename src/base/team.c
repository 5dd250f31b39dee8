// SPDX-License-Identifier: Apache-2.0
#include "base/team.h"

#include <sched.h>
#include <stddef.h>

#if defined(__x86_64__)
#define RELAX() __builtin_ia32_pause()
#else
#define RELAX() ((void)0)
#endif

static _Thread_local gd_team *mine;

#define LOAD(x) __atomic_load_n(&(x), __ATOMIC_ACQUIRE)
#define STORE(x, value) __atomic_store_n(&(x), value, __ATOMIC_RELEASE)

enum { LOOP = 32 /* bit of a ticket */ };
static const uint32_t CLOSED = UINT32_MAX; /* in place of a piece */

/* Takes a piece of the loop that is current, and does it. False: there is none left. The loop is changed while its
 * ticket is closed; so a ticket that can still be exchanged vouches for what was read behind it. */
static bool take_piece(gd_team *team)
{
    uint64_t ticket = LOAD(team->ticket);
    for (;;) {
        const int64_t piece = (uint32_t)ticket, n = LOAD(team->n), grain = LOAD(team->grain);
        gd_team_body *const body = LOAD(team->body);
        void *const argument = LOAD(team->argument);
        if (piece >= LOAD(team->pieces))
            return false;
        if (!__atomic_compare_exchange_n(&team->ticket, &ticket, ticket + 1, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
            continue;
        const int64_t begin = piece * grain;
        body(argument, begin, begin + grain < n ? begin + grain : n);
        __atomic_add_fetch(&team->done, 1, __ATOMIC_RELEASE);
        return true;
    }
}

bool gd_team_lead(gd_team *team)
{
    int nobody = 0;
    if (!__atomic_compare_exchange_n(&team->led, &nobody, 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
        return false;
    mine = team;
    return true;
}

void gd_team_leave(void)
{
    STORE(mine->led, 0);
    mine = NULL;
}

void gd_team_help(gd_team *team, bool (*wanted)(void *context), void *context)
{
    while (LOAD(team->led) && !wanted(context)) {
        if (!take_piece(team))
            RELAX();
    }
}

bool gd_team_for(int64_t n, int64_t grain, gd_team_body *body, void *argument)
{
    gd_team *team = mine;
    if (!team)
        return false;
    const int64_t pieces = n > 0 ? (n + grain - 1) / grain : 0;
    const uint64_t loop = ((LOAD(team->ticket) >> LOOP) + 1) << LOOP;
    STORE(team->ticket, loop | CLOSED);
    STORE(team->body, body);
    STORE(team->argument, argument);
    STORE(team->n, n);
    STORE(team->grain, grain);
    STORE(team->pieces, pieces);
    STORE(team->done, 0);
    STORE(team->ticket, loop);
    while (take_piece(team))
        ;
    for (int spins = 0; LOAD(team->done) < (uint64_t)pieces; spins++) {
        if (spins > 1000) /* who has the last piece may have lost its core */
            sched_yield();
        RELAX();
    }
    return true;
}
