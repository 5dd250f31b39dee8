// SPDX-License-Identifier: Apache-2.0
/* A group of images that is spread over all ranks (batch_norm.group: all): what this rank's images gave is put together
 * with the others' as soon as it is there, forward the statistics, backward the sums.
 *
 *     compute         bn_stats ─┐             ┌─► bn_apply … bn_apply.bwd_weight ─┐             ┌─► bn_apply.bwd_data
 *     communication             └─► bn_merge ─┘                                   └─► bn_merge ─┘
 *
 * It happens on the communication stream, as all that ranks do together must come in one order, and the compute stream
 * waits: a step that synchronises is a step that costs.
 */
#include "kernel/bn_apply.h"
#include "kernel/bn_merge.h"
#include "kernel/bn_stats.h"
#include "plan/set.h"

#include <string.h>

/* The operand of a step that is one rank's part of something; -1: none. */
static int part_of(const gd_step *step)
{
    if (strcmp(step->op->name, "bn_stats") == 0 && step->direction == GD_FWD)
        return ((const gd_bn_stats_params *)step->problem.params)->group == 0 ? BN_STATS_STATS : -1;
    if (strcmp(step->op->name, "bn_apply") == 0 && step->direction == GD_BWD_WEIGHT)
        return ((const gd_bn_apply_params *)step->problem.params)->group == 0 ? BN_APPLY_SUMS : -1;
    return -1;
}

gd_status gd_merge_parts(gd_lowering *lowering, gd_error *error)
{
    gd_plan_set *set = lowering->set;
    gd_plan *plan = lowering->plan;
    gd_step *made = &plan->step[plan->n_steps - 1];
    int operand = part_of(made);
    if (operand < 0 || !set->options.comm || set->options.comm->ranks == 1)
        return GD_OK;
    gd_bn_merge_params *p = gd_arena_alloc(&set->arena, 1, sizeof *p);
    char *name = gd_arena_printf(&set->arena, "%s.merge", made->name);
    if (!p || !name)
        return gd_fail(error, GD_NOMEM, "out of memory for a plan");
    *p = (gd_bn_merge_params){plan->options.batch, operand == BN_APPLY_SUMS};
    gd_step step = gd_step_of(name, gd_op_find("bn_merge"), GD_UPDATE, made->phase, -1);
    step.problem = (gd_problem){.params = p, .type = set->real};
    step.problem.desc[BN_MERGE_STATS] = made->problem.desc[operand];
    step.slot[BN_MERGE_STATS] = made->slot[operand];
    step.stream = 1;
    step.wait = made->signal = set->n_events++;
    step.signal = set->n_events++;
    GD_TRY(gd_op_infer(step.op, &step.problem, error));
    GD_TRY(gd_lower_step(lowering, &step, error));
    lowering->merged = step.signal;
    return GD_OK;
}
