// SPDX-License-Identifier: Apache-2.0
#include "kernel/kernel.h"

const char *gd_direction_name(gd_direction direction)
{
    static const char *const names[GD_DIRECTIONS] = {"fwd", "bwd_weight", "bwd_data", "update"};
    return names[direction];
}

void gd_problem_add_gradients(gd_problem *problem)
{
    for (int i = 0; i < GD_MAX_IN; i++)
        problem->desc[GD_DIN(i)] = problem->desc[GD_IN(i)];
    for (int i = 0; i < GD_MAX_PARAM; i++)
        problem->desc[GD_DPARAM(i)] = problem->desc[GD_PARAM(i)];
    for (int i = 0; i < GD_MAX_OUT; i++)
        problem->desc[GD_DOUT(i)] = problem->desc[GD_OUT(i)];
}
