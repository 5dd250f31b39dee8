// SPDX-License-Identifier: Apache-2.0
#include "serve/seat.h"

#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

/* ---- which core ---- */

static int taken[CPU_SETSIZE]; /* atomic: threads that began to compute on a core and have not ended */

static int sit_down(void)
{
    const int core = sched_getcpu();
    if (core < 0 || core >= CPU_SETSIZE)
        return -1;
    __atomic_add_fetch(&taken[core], 1, __ATOMIC_RELAXED);
    return core;
}

static int count(int core) { return __atomic_load_n(&taken[core], __ATOMIC_RELAXED); }

/* A mask of one core makes the kernel move us there at once; the mask that we had comes back right after. */
static bool step_over(void)
{
    cpu_set_t allowed, one;
    if (sched_getaffinity(0, sizeof allowed, &allowed) != 0)
        return false;
    int core = 0;
    while (core < CPU_SETSIZE && !(CPU_ISSET(core, &allowed) && count(core) == 0))
        core++;
    if (core == CPU_SETSIZE)
        return false;
    CPU_ZERO(&one);
    CPU_SET(core, &one);
    const bool moved = sched_setaffinity(0, sizeof one, &one) == 0;
    sched_setaffinity(0, sizeof allowed, &allowed);
    return moved;
}

int gd_seat_take(void)
{
    const int seat = sit_down();
    if (seat < 0 || count(seat) == 1 || !step_over())
        return seat;
    gd_seat_leave(seat);
    return sit_down();
}

void gd_seat_leave(int seat)
{
    if (seat >= 0)
        __atomic_sub_fetch(&taken[seat], 1, __ATOMIC_RELAXED);
}

/* ---- how long ---- */

/* struct sched_attr of sched_setattr(2), which C libraries have only of late. */
typedef struct attributes {
    uint32_t size, policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t runtime, deadline, period;
} attributes;

/* Linux before 6.12 has one length for all, and ignores this. */
void gd_seat_prepare(void)
{
    const uint64_t least = 100000; /* ns; the kernel's own limit */
    attributes a = {0};
    if (syscall(SYS_sched_getattr, 0, &a, sizeof a, 0) != 0 || a.policy != SCHED_OTHER)
        return;
    a.size = sizeof a;
    a.runtime = least;
    syscall(SYS_sched_setattr, 0, &a, 0);
}

void gd_seat_give_way(void) { sched_yield(); }
