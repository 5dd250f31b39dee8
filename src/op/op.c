// SPDX-License-Identifier: Apache-2.0
#include "op/op.h"

#include <string.h>

const gd_op *const gd_ops[] = {
#define OP(name) &gd_op_##name,
#ifdef GRIDDLE_INFER
#define OP_TRAIN(name)
#else
#define OP_TRAIN(name) &gd_op_##name,
#endif
#include "op/op.def"
#undef OP
#undef OP_TRAIN
    NULL};

const gd_op *gd_op_find(const char *name)
{
    for (int i = 0; gd_ops[i]; i++) {
        if (strcmp(gd_ops[i]->name, name) == 0)
            return gd_ops[i];
    }
    return NULL;
}

gd_status gd_op_infer(const gd_op *op, gd_problem *problem, gd_error *error)
{
    GD_TRY(op->infer(problem, error));
    gd_problem_add_gradients(problem);
    return GD_OK;
}

static uint32_t present(const gd_problem *problem, uint32_t operands)
{
    for (int i = 0; i < GD_OPERANDS; i++) {
        if (problem->desc[i].rank == 0)
            operands &= ~GD_BIT(i);
    }
    return operands;
}

uint32_t gd_op_reads(const gd_op *op, const gd_problem *problem, gd_direction direction)
{
    uint32_t reads = op->direction[direction].reads;
    return present(problem, direction == GD_FWD ? reads : reads & ~problem->unread);
}

uint32_t gd_op_writes(const gd_op *op, const gd_problem *problem, gd_direction direction)
{
    return present(problem, op->direction[direction].writes);
}

const gd_impl *gd_op_entries(const gd_op *op, gd_direction direction, const gd_device *device)
{
    const gd_op *own = device->op(op->name);
    return own ? own->direction[direction].entries : device->is_host ? op->direction[direction].entries : NULL;
}

gd_cost gd_op_cost(const gd_op *op, const gd_problem *problem, gd_direction direction)
{
    gd_cost cost = {0};
    uint32_t reads = gd_op_reads(op, problem, direction), writes = gd_op_writes(op, problem, direction);
    for (int i = 0; i < GD_OPERANDS; i++) {
        if ((reads | writes) & GD_BIT(i))
            cost.bytes += (double)gd_desc_bytes(problem->desc[i]);
        if (writes & GD_BIT(i))
            cost.flops += (double)gd_desc_count(problem->desc[i]);
    }
    if (op->flops)
        cost.flops = op->flops(problem, direction);
    return cost;
}

const char *gd_impl_refuses(const gd_impl *impl, const gd_problem *problem, gd_device_kind device, uint32_t features)
{
    if (impl->device != device)
        return "another device";
    if (!(impl->types & GD_BIT(problem->type)))
        return "another type";
    if ((impl->needs & features) != impl->needs)
        return "not on this machine";
    return impl->accepts ? impl->accepts(problem) : NULL;
}
