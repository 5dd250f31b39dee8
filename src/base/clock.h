// SPDX-License-Identifier: Apache-2.0
/* The clock that only goes forward. */
#ifndef GD_BASE_CLOCK_H
#define GD_BASE_CLOCK_H

#include <time.h>

static inline double gd_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

#endif
