// SPDX-License-Identifier: Apache-2.0
#include "serve/cores.h"

#include <sched.h>
#include <stdio.h>
#include <string.h>

/* cgroup v2: "max 100000" or "150000 100000", the time in a period of time. 0: no limit. */
static int quota(void)
{
    char most[32];
    long period;
    int cores = 0;
    FILE *file = fopen("/sys/fs/cgroup/cpu.max", "re");
    if (!file)
        return 0;
    long time;
    if (fscanf(file, "%31s %ld", most, &period) == 2 && sscanf(most, "%ld", &time) == 1 && period > 0)
        cores = (int)((time + period - 1) / period);
    fclose(file);
    return cores;
}

int gd_cores(void)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    const int allowed = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1, paid = quota();
    const int cores = paid > 0 && paid < allowed ? paid : allowed;
    return cores > 0 ? cores : 1;
}
