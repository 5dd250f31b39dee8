// SPDX-License-Identifier: Apache-2.0
/* A rank that is only thought of: for plans that are looked at and never run, so that neither the other ranks nor what
 * would carry their sums need be there. */
#ifndef GD_COMM_PLANNED_H
#define GD_COMM_PLANNED_H

#include "comm/comm.h"

#ifdef __cplusplus
extern "C" {
#endif

/* It has no calls: only a set that allocates nothing (gd_set_options.measure) may have it. */
static inline gd_comm gd_comm_planned(int rank, int ranks)
{
    return (gd_comm){.name = "planned", .rank = rank, .ranks = ranks};
}

#ifdef __cplusplus
}
#endif
#endif
