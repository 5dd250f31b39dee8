// SPDX-License-Identifier: Apache-2.0
/* From a net to steps: the forward part. Every value gets a slot; steps name slots; nothing has an address yet. */
#include "plan/choose.h"
#include "plan/set.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

gd_step gd_step_of(const char *name, const gd_op *op, gd_direction direction, gd_phase phase, int node)
{
    gd_step step = {
        .name = name, .op = op, .direction = direction, .phase = phase, .node = node, .refusals = "", .tuned = ""};
    for (int i = 0; i < GD_OPERANDS; i++)
        step.slot[i] = -1;
    for (int i = 0; i < GD_MAX_PARAM; i++)
        step.item[i] = -1;
    step.wait = step.signal = -1;
    return step;
}

gd_status gd_lower_slot(gd_lowering *lowering, gd_space space, size_t bytes, const char *name, int *slot,
                        gd_error *error)
{
    gd_plan *plan = lowering->plan;
    if (plan->n_slots == lowering->slot_capacity) {
        int capacity = lowering->slot_capacity ? 2 * lowering->slot_capacity : 256;
        gd_slot *grown = realloc(plan->slot, sizeof *grown * (size_t)capacity);
        if (!grown)
            return gd_fail(error, GD_NOMEM, "out of memory for a plan");
        plan->slot = grown;
        lowering->slot_capacity = capacity;
    }
    *slot = plan->n_slots++;
    plan->slot[*slot] = (gd_slot){.space = space, .bytes = bytes, .first = INT_MAX, .last = -1, .name = name};
    return GD_OK;
}

/* Marks the slots that a step touches as alive there. */
static void touch(gd_plan *plan, const gd_step *step, int at)
{
    for (int i = 0; i < GD_OPERANDS; i++) {
        if (step->slot[i] < 0)
            continue;
        gd_slot *slot = &plan->slot[step->slot[i]];
        slot->first = at < slot->first ? at : slot->first;
        slot->last = at > slot->last ? at : slot->last;
    }
}

gd_status gd_lower_step(gd_lowering *lowering, const gd_step *step, gd_error *error)
{
    gd_plan *plan = lowering->plan;
    if (plan->n_steps == lowering->step_capacity) {
        int capacity = lowering->step_capacity ? 2 * lowering->step_capacity : 128;
        gd_step *grown = realloc(plan->step, sizeof *grown * (size_t)capacity);
        if (!grown)
            return gd_fail(error, GD_NOMEM, "out of memory for a plan");
        plan->step = grown;
        lowering->step_capacity = capacity;
    }
    gd_step *made = &plan->step[plan->n_steps];
    *made = *step;
    if (made->stream == 0 && made->wait < 0) {
        made->wait = lowering->merged;
        lowering->merged = -1;
    }
    GD_TRY(gd_choose(made, &lowering->set->options, &lowering->set->arena, error));
    plan->n_steps++;
    if (made->needs.work_bytes > 0)
        GD_TRY(gd_lower_slot(lowering, GD_SPACE_WORK, made->needs.work_bytes, "work", &made->slot[GD_WORK], error));
    touch(plan, made, plan->n_steps - 1);
    return GD_OK;
}

/* Parameters and running statistics lie in PARAM at their segment's place; one slot each, made when first needed. */
static gd_status param_slot(gd_lowering *lowering, const char *name, int *slot, gd_error *error)
{
    gd_plan_set *set = lowering->set;
    for (int i = 0; i < set->n_segments; i++) {
        const gd_segment *segment = &set->segment[i];
        if (strcmp(segment->name, name) != 0)
            continue;
        size_t element = gd_type_bytes(set->real);
        gd_space space = lowering->plan->options.from_average ? GD_SPACE_AVERAGE : GD_SPACE_PARAM;
        GD_TRY(gd_lower_slot(lowering, space, (size_t)segment->count * element, segment->name, slot, error));
        lowering->plan->slot[*slot].offset = (size_t)segment->offset * element;
        return GD_OK;
    }
    return gd_fail(error, GD_INTERNAL, "parameter '%s' has no segment", name);
}

static gd_status lower_values(gd_lowering *lowering, gd_error *error)
{
    gd_plan *plan = lowering->plan;
    const gd_net *net = plan->net;
    for (int v = 0; v < net->n_values; v++) {
        const gd_value *value = &net->value[v];
        const gd_node *maker = value->producer >= 0 ? &net->node[value->producer] : NULL;
        if (maker && (maker->op->traits & GD_OP_VIEW)) {
            plan->value_slot[v] = plan->value_slot[maker->in[0]];
            continue;
        }
        GD_TRY(gd_lower_slot(lowering, maker ? GD_SPACE_ACT : GD_SPACE_INPUT, gd_desc_bytes(value->desc), value->name,
                             &plan->value_slot[v], error));
    }
    return GD_OK;
}

static gd_status lower_node(gd_lowering *lowering, int n, gd_error *error)
{
    gd_plan *plan = lowering->plan;
    const gd_net *net = plan->net;
    const gd_node *node = &net->node[n];
    if (node->op->traits & GD_OP_VIEW)
        return GD_OK;
    bool training = plan->options.mode == GD_MODE_TRAIN;
    char *name = gd_arena_printf(&lowering->set->arena, training ? "%s.fwd" : "%s", node->name);
    if (!name)
        return gd_fail(error, GD_NOMEM, "out of memory for a plan");
    gd_step step = gd_step_of(name, node->op, GD_FWD, GD_FORWARD, n);
    GD_TRY(gd_net_problem(net, node, training, &step.problem, error));
    for (int i = 0; i < GD_MAX_IN; i++)
        step.slot[GD_IN(i)] = node->in[i] < 0 ? -1 : plan->value_slot[node->in[i]];
    for (int i = 0; i < GD_MAX_OUT; i++)
        step.slot[GD_OUT(i)] = node->out[i] < 0 ? -1 : plan->value_slot[node->out[i]];
    uint32_t reads = gd_op_reads(node->op, &step.problem, GD_FWD);
    uint32_t writes = gd_op_writes(node->op, &step.problem, GD_FWD);
    for (int i = 0; i < GD_MAX_PARAM; i++) {
        if (node->param[i] >= 0 && (reads & GD_BIT(GD_PARAM(i))))
            GD_TRY(param_slot(lowering, net->param[node->param[i]].name, &step.slot[GD_PARAM(i)], error));
    }
    for (int i = 0; i < GD_MAX_SAVED; i++) {
        if (training && (writes & GD_BIT(GD_SAVED(i))))
            GD_TRY(gd_lower_slot(lowering, GD_SPACE_ACT, gd_desc_bytes(step.problem.desc[GD_SAVED(i)]),
                                 node->op->operand[GD_SAVED(i)].name, &step.slot[GD_SAVED(i)], error));
    }
    GD_TRY(gd_lower_step(lowering, &step, error));
    GD_TRAIN(if (training) GD_TRY(gd_merge_parts(lowering, error));)
    return GD_OK;
}

/* What the loop wants to know of a batch: loss and hits, summed on the device. */
static gd_status lower_metrics(gd_lowering *lowering, gd_error *error)
{
    gd_plan *plan = lowering->plan;
    const gd_op *op = gd_op_find("metrics");
    const char *const names[] = {"logits", "targets", "loss"};
    gd_step step = gd_step_of("metrics", op, GD_FWD, GD_FORWARD, -1);
    step.problem.type = lowering->set->real;
    for (int i = 0; i < 3; i++) {
        gd_value_id value = gd_net_find_value(plan->net, names[i]);
        if (value < 0 || !op)
            return GD_OK;
        step.slot[GD_IN(i)] = plan->value_slot[value];
        step.problem.desc[GD_IN(i)] = plan->net->value[value].desc;
    }
    GD_TRY(gd_op_infer(op, &step.problem, error));
    return gd_lower_step(lowering, &step, error);
}

gd_status gd_lower(gd_plan_set *set, gd_plan *plan, gd_error *error)
{
    gd_lowering lowering = {.set = set, .plan = plan, .merged = -1};
    const gd_net *net = plan->net;
    gd_status status = GD_OK;
    plan->value_slot = gd_arena_alloc(&set->arena, (size_t)net->n_values + 1, sizeof *plan->value_slot);
    if (!plan->value_slot)
        return gd_fail(error, GD_NOMEM, "out of memory for a plan");
    GD_TRY(lower_values(&lowering, error));
    for (int n = 0; n < net->n_nodes; n++)
        GD_TRY(lower_node(&lowering, n, error));
    if (plan->options.mode != GD_MODE_INFER)
        GD_TRY(lower_metrics(&lowering, error));
    plan->phase_end[GD_FORWARD] = plan->n_steps;
    GD_TRAIN(if (plan->options.mode == GD_MODE_TRAIN) status = gd_lower_train(&lowering, error);)
    for (int p = GD_FORWARD + 1; p < GD_PHASES; p++) {
        if (plan->phase_end[p] < plan->phase_end[p - 1])
            plan->phase_end[p] = plan->phase_end[p - 1];
    }
    for (int i = 0; i < net->n_outputs; i++) /* outputs stay */
        plan->slot[plan->value_slot[net->output[i]]].last = INT_MAX;
    return status;
}
