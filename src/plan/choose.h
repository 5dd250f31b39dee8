// SPDX-License-Identifier: Apache-2.0
/* Which entry computes a step: the first of the op's list that agrees with device, type, machine and problem; of those
 * that a tuner has measured, the fastest. */
#ifndef GD_PLAN_CHOOSE_H
#define GD_PLAN_CHOOSE_H

#include "plan/plan.h"

/* Would an entry other than the reference take it? Asks accepts, not prepare. */
bool gd_choose_fast(const gd_op *op, const gd_problem *problem, gd_direction direction, const gd_set_options *options);

/* Brings entry i of an order to its head; those before it follow as they were. */
void gd_choose_prefer(const gd_impl **order, int i);

/* Chooses and prepares step->impl, filling step->needs, step->cost and step->refusals (in `arena`). UNSUPPORTED with
 * all refusals when none takes it; INVALID when the config forces an entry that refuses. */
gd_status gd_choose(gd_step *step, const gd_set_options *options, gd_arena *arena, gd_error *error);

#endif
