// SPDX-License-Identifier: Apache-2.0
/* Learning rate by step: a pure function of the config, so that a resumed run goes on where it was. */
#ifndef GD_TRAIN_SCHEDULE_H
#define GD_TRAIN_SCHEDULE_H

#include "config/config.h"

/* The rate of update `step` (from 0) of `steps` in all, of which `steps_per_epoch` make an epoch.
 *
 *     constant   rate                          step      rate * step_factor^(milestones passed)
 *     cosine     rate * (1 + cos(pi t)) / 2    one-cycle rate * (1 - t), t from 0 to 1 over what follows the warm-up
 *
 * In the first `warmup` share of all steps the rate rises linearly from 0 to the schedule's start. */
double gd_schedule_rate(const gd_train_config *train, int64_t step, int64_t steps, int64_t steps_per_epoch);

#endif
