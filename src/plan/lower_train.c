// SPDX-License-Identifier: Apache-2.0
/* The rest of a training step: BACKWARD by walking the nodes in reverse, REDUCE, UPDATE.
 *
 * A value's gradient is a slot of its own. Entries overwrite; where a value is read by several nodes each writes a
 * gradient of its own and `add` steps sum them before the value's producer runs backward.
 */
#include "kernel/adamw.h"
#include "kernel/grad_norm.h"
#include "kernel/sgd.h"
#include "kernel/vote.h"
#include "plan/set.h"

#include <stdlib.h>
#include <string.h>

/* Which values carry a gradient: those that depend on a trained parameter through ops that have a backward. */
static bool *find_differentiable(const gd_net *net)
{
    bool *yes = calloc((size_t)net->n_values + 1, sizeof *yes);
    for (int n = 0; yes && n < net->n_nodes; n++) {
        const gd_node *node = &net->node[n];
        bool any = false;
        for (int i = 0; i < GD_MAX_PARAM; i++)
            any |= node->param[i] >= 0 && net->param[node->param[i]].role != GD_ROLE_RUNNING;
        for (int i = 0; i < GD_MAX_IN; i++)
            any |= node->in[i] >= 0 && yes[node->in[i]];
        bool backward = node->op->direction[GD_BWD_DATA].entries || (node->op->traits & GD_OP_VIEW);
        for (int i = 0; i < GD_MAX_OUT; i++) {
            if (node->out[i] >= 0)
                yes[node->out[i]] = any && backward;
        }
    }
    return yes;
}

/* A gradient arrives for a value: the first stays, a later one is added to what is there. */
static gd_status add_gradient(gd_lowering *lowering, gd_value_id value, int slot, gd_error *error)
{
    int *have = &lowering->gradient[value];
    if (*have < 0) {
        *have = slot;
        return GD_OK;
    }
    const gd_value *v = &lowering->plan->net->value[value];
    const gd_op *add = gd_op_find("add");
    gd_arena *arena = &lowering->set->arena;
    char *name = gd_arena_printf(arena, "%s.gradient.add", v->name);
    void *params = gd_arena_alloc(arena, 1, add->params_bytes);
    if (!name || !params)
        return gd_fail(error, GD_NOMEM, "out of memory for a plan");
    GD_TRY(gd_fields_read(add->fields, params, NULL, arena, error));
    gd_step step = gd_step_of(name, add, GD_FWD, GD_BACKWARD, -1);
    step.problem = (gd_problem){.params = params, .type = v->desc.type};
    step.problem.desc[GD_IN(0)] = step.problem.desc[GD_IN(1)] = v->desc;
    GD_TRY(gd_op_infer(add, &step.problem, error));
    step.slot[GD_IN(0)] = *have;
    step.slot[GD_IN(1)] = slot;
    GD_TRY(gd_lower_slot(lowering, GD_SPACE_ACT, gd_desc_bytes(v->desc), name, &step.slot[GD_OUT(0)], error));
    *have = step.slot[GD_OUT(0)];
    return gd_lower_step(lowering, &step, error);
}

/* Where a parameter's gradient lies: at the same place of GRAD as the parameter in PARAM. */
static gd_status gradient_slot(gd_lowering *lowering, const char *name, int *slot, gd_error *error)
{
    const gd_plan_set *set = lowering->set;
    size_t element = gd_type_bytes(set->real);
    for (int i = 0; i < set->n_segments; i++) {
        if (strcmp(set->segment[i].name, name) == 0) {
            GD_TRY(gd_lower_slot(lowering, GD_SPACE_GRAD, (size_t)set->segment[i].count * element, name, slot, error));
            lowering->plan->slot[*slot].offset = (size_t)set->segment[i].offset * element;
            return GD_OK;
        }
    }
    return gd_fail(error, GD_INTERNAL, "parameter '%s' has no segment", name);
}

/* The forward step of a node, whose slots backward shares. */
static const gd_step *forward_step(const gd_plan *plan, int n)
{
    for (int i = 0; i < plan->phase_end[GD_FORWARD]; i++) {
        if (plan->step[i].node == n)
            return &plan->step[i];
    }
    return NULL;
}

static gd_status lower_direction(gd_lowering *lowering, int n, gd_direction direction, gd_step *shared, gd_error *error)
{
    gd_plan *plan = lowering->plan;
    const gd_net *net = plan->net;
    const gd_node *node = &net->node[n];
    char *name = gd_arena_printf(&lowering->set->arena, "%s.%s", node->name, gd_direction_name(direction));
    if (!name)
        return gd_fail(error, GD_NOMEM, "out of memory for a plan");
    gd_step step = *shared;
    step.name = name;
    step.direction = direction;
    step.impl = NULL;
    uint32_t reads = gd_op_reads(node->op, &step.problem, direction);
    uint32_t writes = gd_op_writes(node->op, &step.problem, direction);
    for (int i = 0; i < GD_MAX_SAVED; i++) {
        int operand = GD_SAVED(i);
        if ((writes & GD_BIT(operand)) && shared->slot[operand] < 0) {
            GD_TRY(gd_lower_slot(lowering, GD_SPACE_ACT, gd_desc_bytes(step.problem.desc[operand]),
                                 node->op->operand[operand].name, &step.slot[operand], error));
            shared->slot[operand] = step.slot[operand];
        }
    }
    for (int i = 0; i < GD_MAX_PARAM; i++) {
        if ((writes & GD_BIT(GD_DPARAM(i))) && node->param[i] >= 0)
            GD_TRY(gradient_slot(lowering, net->param[node->param[i]].name, &step.slot[GD_DPARAM(i)], error));
    }
    for (int i = 0; i < GD_MAX_IN; i++) {
        if ((writes & GD_BIT(GD_DIN(i))) && node->in[i] >= 0)
            GD_TRY(gd_lower_slot(lowering, GD_SPACE_ACT, gd_desc_bytes(step.problem.desc[GD_DIN(i)]),
                                 net->value[node->in[i]].name, &step.slot[GD_DIN(i)], error));
    }
    for (int i = 0; i < GD_OPERANDS; i++) {
        if (i != GD_WORK && !((reads | writes) & GD_BIT(i)))
            step.slot[i] = -1;
    }
    step.slot[GD_WORK] = -1;
    GD_TRY(gd_lower_step(lowering, &step, error));
    GD_TRY(gd_merge_parts(lowering, error));
    GD_TRY(gd_buckets_written(lowering, &step, error));
    for (int i = 0; i < GD_MAX_IN; i++) {
        if (step.slot[GD_DIN(i)] >= 0)
            GD_TRY(add_gradient(lowering, node->in[i], step.slot[GD_DIN(i)], error));
    }
    return GD_OK;
}

/* A node's backward, as far as its gradient has arrived or is not asked for. */
static gd_status lower_node_backward(gd_lowering *lowering, int n, const bool *differentiable, gd_error *error)
{
    gd_plan *plan = lowering->plan;
    const gd_node *node = &plan->net->node[n];
    int gradient = node->out[0] >= 0 ? lowering->gradient[node->out[0]] : -1;
    if (node->op->traits & GD_OP_VIEW)
        return gradient >= 0 && differentiable[node->in[0]] ? add_gradient(lowering, node->in[0], gradient, error)
                                                            : GD_OK;
    const gd_step *forward = forward_step(plan, n);
    if (!forward)
        return gd_fail(error, GD_INTERNAL, "'%s' has no forward step", node->name);
    gd_step shared = gd_step_of(NULL, node->op, GD_FWD, GD_BACKWARD, n);
    memcpy(shared.slot, forward->slot, sizeof shared.slot);
    shared.problem = forward->problem;
    for (int i = 0; i < GD_MAX_OUT; i++)
        shared.slot[GD_DOUT(i)] = node->out[i] < 0 ? -1 : lowering->gradient[node->out[i]];
    for (int direction = GD_BWD_WEIGHT; direction <= GD_BWD_DATA; direction++) {
        if (!node->op->direction[direction].entries)
            continue;
        bool roots = !(node->op->direction[direction].reads & GD_BIT(GD_DOUT(0))); /* a loss starts the chain */
        if (gradient < 0 && !roots)
            continue;
        bool wanted = direction == GD_BWD_WEIGHT;
        for (int i = 0; i < GD_MAX_IN; i++)
            wanted |= node->in[i] >= 0 && differentiable[node->in[i]];
        if (wanted)
            GD_TRY(lower_direction(lowering, n, (gd_direction)direction, &shared, error));
    }
    return GD_OK;
}

/* The means of statistics hang on no gradient: they go first, and are on their way while the rest is computed. */
static bool goes_first(const gd_node *node)
{
    return node->op->direction[GD_BWD_WEIGHT].entries &&
           !(node->op->direction[GD_BWD_WEIGHT].reads & GD_BIT(GD_DOUT(0)));
}

/* Whether this rank was asked to stop goes with the gradients, behind them. */
static gd_status lower_vote(gd_lowering *lowering, gd_direction direction, gd_phase phase, gd_space space,
                            gd_error *error)
{
    const gd_plan_set *set = lowering->set;
    const size_t element = gd_type_bytes(set->real);
    gd_step step = gd_step_of(direction == GD_FWD ? "vote" : "vote.count", gd_op_find("vote"), direction, phase, -1);
    if (!set->options.comm)
        return GD_OK;
    step.problem.type = set->real;
    step.problem.desc[VOTE_VOTES] = gd_desc_1(set->real, 1);
    GD_TRY(gd_lower_slot(lowering, space, element, "votes", &step.slot[VOTE_VOTES], error));
    lowering->plan->slot[step.slot[VOTE_VOTES]].offset = (size_t)set->params * element;
    GD_TRY(gd_op_infer(step.op, &step.problem, error));
    return gd_lower_step(lowering, &step, error);
}

static gd_status lower_backward(gd_lowering *lowering, const bool *differentiable, gd_error *error)
{
    const gd_net *net = lowering->plan->net;
    GD_TRY(lower_vote(lowering, GD_FWD, GD_BACKWARD, GD_SPACE_GRAD, error));
    for (int n = 0; n < net->n_nodes; n++) {
        if (goes_first(&net->node[n]))
            GD_TRY(lower_node_backward(lowering, n, differentiable, error));
    }
    for (int n = net->n_nodes - 1; n >= 0; n--) {
        if (!goes_first(&net->node[n]))
            GD_TRY(lower_node_backward(lowering, n, differentiable, error));
    }
    return gd_buckets_close(lowering, error);
}

/* ---- what works on whole blocks ---- */

gd_status gd_lower_range(gd_lowering *lowering, const char *op, int number, gd_phase phase, const void *params,
                         gd_range range, const gd_block *blocks, int n_blocks, gd_step *step, gd_error *error)
{
    gd_plan_set *set = lowering->set;
    const size_t element = gd_type_bytes(set->real);
    const int64_t elements = range.end - range.begin;
    *step = gd_step_of(op, gd_op_find(op), GD_UPDATE, phase, -1);
    if (number >= 0 && lowering->n_buckets > 1)
        step->name = gd_arena_printf(&set->arena, "%s.%d", op, number);
    if (!step->name)
        return gd_fail(error, GD_NOMEM, "out of memory for a plan");
    step->problem = (gd_problem){.params = params, .type = set->real};
    step->problem.desc[GD_PARAM(0)] = gd_desc_1(set->real, elements); /* the shape of all blocks, present or not */
    for (int i = 0; i < n_blocks; i++) {
        int *slot = &step->slot[blocks[i].operand];
        step->problem.desc[blocks[i].operand] = gd_desc_1(set->real, elements);
        GD_TRY(gd_lower_slot(lowering, blocks[i].space, (size_t)elements * element, gd_space_name(blocks[i].space),
                             slot, error));
        lowering->plan->slot[*slot].offset = (size_t)range.begin * element;
    }
    return gd_op_infer(step->op, &step->problem, error);
}

static gd_status lower_optimizer(gd_lowering *lowering, gd_space gradients, gd_error *error)
{
    gd_plan_set *set = lowering->set;
    const gd_update_options *u = &set->options.update;
    const gd_block blocks[] = {{GD_PARAM(0), GD_SPACE_PARAM},
                               {GD_DPARAM(0), gradients},
                               {GD_SAVED(0), GD_SPACE_MOMENT1},
                               {GD_SAVED(1), GD_SPACE_MOMENT2}};
    const gd_range trained = {0, set->trained};
    gd_step step;
    if (u->optimizer == GD_ADAMW) {
        gd_adamw_params *p = gd_arena_alloc(&set->arena, 1, sizeof *p);
        if (!p)
            return gd_fail(error, GD_NOMEM, "out of memory for a plan");
        *p = (gd_adamw_params){.beta1 = u->momentum,
                               .beta2 = u->beta2,
                               .epsilon = u->epsilon,
                               .weight_decay = u->weight_decay,
                               .undecayed = set->undecayed,
                               .n_undecayed = set->n_undecayed};
        GD_TRY(gd_lower_range(lowering, "adamw", -1, GD_STEP_UPDATE, p, trained, blocks, 4, &step, error));
    } else {
        gd_sgd_params *p = gd_arena_alloc(&set->arena, 1, sizeof *p);
        if (!p)
            return gd_fail(error, GD_NOMEM, "out of memory for a plan");
        *p = (gd_sgd_params){.momentum = u->momentum,
                             .nesterov = u->optimizer == GD_NESTEROV,
                             .weight_decay = u->weight_decay,
                             .undecayed = set->undecayed,
                             .n_undecayed = set->n_undecayed};
        GD_TRY(gd_lower_range(lowering, "sgd", -1, GD_STEP_UPDATE, p, trained, blocks, 3, &step, error));
    }
    step.name = "update";
    return gd_lower_step(lowering, &step, error);
}

/* Ops that change something of their own once a step: running statistics. They read what was reduced. */
static gd_status lower_op_updates(gd_lowering *lowering, gd_space gradients, gd_error *error)
{
    gd_plan *plan = lowering->plan;
    for (int i = 0; i < plan->phase_end[GD_FORWARD]; i++) {
        const gd_step *forward = &plan->step[i];
        if (forward->node < 0 || !forward->op->direction[GD_UPDATE].entries)
            continue;
        const gd_node *node = &plan->net->node[forward->node];
        gd_step step = gd_step_of(NULL, node->op, GD_UPDATE, GD_STEP_UPDATE, forward->node);
        step.name = gd_arena_printf(&lowering->set->arena, "%s.update", node->name);
        if (!step.name)
            return gd_fail(error, GD_NOMEM, "out of memory for a plan");
        step.problem = forward->problem;
        const char *running = plan->net->param[node->param[0]].name;
        GD_TRY(gradient_slot(lowering, running, &step.slot[GD_DPARAM(0)], error));
        GD_TRY(gradient_slot(lowering, running, &step.slot[GD_PARAM(0)], error));
        plan->slot[step.slot[GD_DPARAM(0)]].space = gradients;
        plan->slot[step.slot[GD_PARAM(0)]].space = GD_SPACE_PARAM;
        GD_TRY(gd_lower_step(lowering, &step, error));
    }
    return GD_OK;
}

/* What follows waits until the last bucket is reduced: the communication stream takes them in order. */
static int reduced_event(gd_plan_set *set, gd_plan *plan)
{
    for (int i = plan->n_steps - 1; i >= 0; i--) {
        gd_step *step = &plan->step[i];
        if (step->phase != GD_REDUCE || step->stream == 0)
            continue;
        if (step->signal < 0)
            step->signal = set->n_events++;
        return step->signal;
    }
    return -1;
}

static gd_status lower_update(gd_lowering *lowering, gd_error *error)
{
    gd_plan_set *set = lowering->set;
    gd_plan *plan = lowering->plan;
    const gd_update_options *u = &set->options.update;
    const gd_space gradients = u->accumulate > 1 ? GD_SPACE_ACCUM : GD_SPACE_GRAD;
    const gd_range trained = {0, set->trained}, all = {0, set->params};
    gd_step step;

    gd_grad_norm_params *norm = gd_arena_alloc(&set->arena, 1, sizeof *norm);
    if (!norm)
        return gd_fail(error, GD_NOMEM, "out of memory for a plan");
    norm->clip = u->clip_norm;
    norm->growth = u->loss_growth;
    const gd_block norm_blocks[] = {{GD_DPARAM(0), gradients}};
    GD_TRY(gd_lower_range(lowering, "grad_norm", -1, GD_STEP_UPDATE, norm, trained, norm_blocks, 1, &step, error));
    step.name = "gradient_norm";
    step.wait = reduced_event(set, plan);
    GD_TRY(gd_lower_step(lowering, &step, error));
    GD_TRY(lower_vote(lowering, GD_UPDATE, GD_STEP_UPDATE, gradients, error));
    GD_TRY(lower_op_updates(lowering, gradients, error));
    GD_TRY(lower_optimizer(lowering, gradients, error));
    if (u->average) {
        const gd_block blocks[] = {{GD_PARAM(0), GD_SPACE_AVERAGE}, {GD_IN(0), GD_SPACE_PARAM}};
        GD_TRY(gd_lower_range(lowering, "average", -1, GD_STEP_UPDATE, NULL, all, blocks, 2, &step, error));
        GD_TRY(gd_lower_step(lowering, &step, error));
    }
    plan->phase_end[GD_STEP_UPDATE] = plan->n_steps;
    return GD_OK;
}

gd_status gd_lower_train(gd_lowering *lowering, gd_error *error)
{
    const gd_net *net = lowering->plan->net;
    bool *differentiable = find_differentiable(net);
    lowering->gradient = malloc(sizeof(int) * (size_t)(net->n_values + 1));
    gd_status status = GD_OK;
    if (!differentiable || !lowering->gradient) {
        status = gd_fail(error, GD_NOMEM, "out of memory for a plan");
        goto done;
    }
    for (int v = 0; v < net->n_values; v++)
        lowering->gradient[v] = -1;
    GD_TRY_TO(done, gd_buckets_make(lowering, error));
    GD_TRY_TO(done, lower_backward(lowering, differentiable, error));
    lowering->plan->phase_end[GD_BACKWARD] = lowering->plan->phase_end[GD_REDUCE] = lowering->plan->n_steps;
    status = lower_update(lowering, error);
done:
    free(differentiable);
    free(lowering->gradient);
    return status;
}
