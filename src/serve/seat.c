// SPDX-License-Identifier: Apache-2.0
#include "serve/seat.h"

#include <sched.h>
#include <stdbool.h>

static int taken[CPU_SETSIZE]; /* threads that began to compute on a core and have not ended */

static int sit_down(void)
{
    const int core = sched_getcpu();
    if (core < 0 || core >= CPU_SETSIZE)
        return -1;
    __atomic_add_fetch(&taken[core], 1, __ATOMIC_RELAXED);
    return core;
}

static bool is_free(int core) { return __atomic_load_n(&taken[core], __ATOMIC_RELAXED) == 0; }

/* A mask of one core makes the kernel move us there at once; the mask that we had comes back right after. */
static bool step_over(void)
{
    cpu_set_t allowed, one;
    if (sched_getaffinity(0, sizeof allowed, &allowed) != 0)
        return false;
    int core = 0;
    while (core < CPU_SETSIZE && !(CPU_ISSET(core, &allowed) && is_free(core)))
        core++;
    if (core == CPU_SETSIZE)
        return false;
    CPU_ZERO(&one);
    CPU_SET(core, &one);
    if (sched_setaffinity(0, sizeof one, &one) != 0)
        return false;
    sched_setaffinity(0, sizeof allowed, &allowed);
    return true;
}

int gd_seat_take(void)
{
    const int seat = sit_down();
    if (seat < 0 || __atomic_load_n(&taken[seat], __ATOMIC_RELAXED) == 1 || !step_over())
        return seat;
    gd_seat_leave(seat);
    return sit_down();
}

void gd_seat_leave(int seat)
{
    if (seat >= 0)
        __atomic_sub_fetch(&taken[seat], 1, __ATOMIC_RELAXED);
}
