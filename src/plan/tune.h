// SPDX-License-Identifier: Apache-2.0
/* Tuning: which entry of a list is the fastest for a problem on this card. A list's order is a guess that holds for
 * most; where a card takes several entries of a list, each is run on memory of its own, once for each problem, and the
 * fastest goes to the head. Times are the device's; they are kept in the cache, in a file for each card and what
 * runs it (plan/tune_table.h).
 *
 * CUDA alone: the CPU's lists hold entries that are slower by orders of magnitude, and their order was measured.
 */
#ifndef GD_PLAN_TUNE_H
#define GD_PLAN_TUNE_H

#include "base/text.h"
#include "plan/plan.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Measures for at most `seconds` in all; then what is not known keeps the list's order. The device must be one that
 * tells time. `note` gets what the user should know: a table that is of no use. */
gd_status gd_tuner_new(const gd_device *device, double seconds, gd_text *note, gd_tuner **tuner, gd_error *error);

/* Writes what was measured into the cache, or notes why not; frees. Accepts NULL. */
void gd_tuner_free(gd_tuner *tuner, gd_text *note);

/* Brings the fastest of n entries for a step's problem to the head of `order`, and says in step->tuned (in `arena`)
 * what each took. Leaves both alone where that is not known. */
void gd_tuner_order(gd_tuner *tuner, gd_step *step, const gd_set_options *options, const gd_impl **order, int n,
                    gd_arena *arena);

#ifdef __cplusplus
}
#endif
#endif
