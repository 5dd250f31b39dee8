// SPDX-License-Identifier: Apache-2.0
/* From what was measured on a machine to its description. */
#ifndef GD_SCALE_FIT_H
#define GD_SCALE_FIT_H

#include "scale/predict.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct gd_sum_time {
    double bytes, seconds;
} gd_sum_time;

typedef struct gd_measured {
    const gd_sum_time *sum; /* sums of several sizes over all ranks; none for one rank */
    int n_sums;
    double *step;         /* (plan's n_steps) seconds of each step by itself; 0: not measured */
    double without, with; /* an update with sums that do nothing, and with real ones, seconds */
    double lag;           /* by how much the slowest rank's step is longer than the mean of all, as a share of it */
} gd_measured;

/* Fills what ranks compute and how they sum, for the plan at hand: the ranks are taken for those of one machine.
 *
 *     rates      of arithmetic and of feeding it: nearest to the measured products; of memory: what all other steps
 *                reach; all three times one number, with which steps add up to `without`
 *     ring       the latency and bandwidth that are nearest to the measured sums, each as a share of its own time
 *     overlap    with which the model's update is nearest to `with`
 *     spread     from `lag`
 *
 * INVALID where the plan has no products. Of the network at hand an update is so fitted, not foretold; what a
 * prediction is worth others show. */
gd_status gd_machine_fit(const gd_measured *measured, const gd_plan *plan, int ranks, int micro, const char *name,
                         gd_machine *machine, gd_error *error);

#ifdef __cplusplus
}
#endif
#endif
