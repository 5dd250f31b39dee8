// SPDX-License-Identifier: Apache-2.0
#include "kernel/global_pool.h"
#include "op/op.h"

static const gd_field fields[] = {
    GD_FIELD_CHOICE(gd_global_pool_params, kind, "average", GD_POOL_CHOICES, "what is taken of a channel"),
    {0},
};

static gd_status infer(gd_problem *problem, gd_error *error)
{
    const gd_global_pool_params *p = problem->params;
    const gd_desc x = problem->desc[GLOBAL_POOL_X];
    if (x.rank != 4)
        return gd_fail(error, GD_INVALID, "input has %d dimensions where global_pool needs 4 (N,H,W,C)", x.rank);
    problem->desc[GLOBAL_POOL_Y] = gd_desc_2(x.type, x.dim[0], x.dim[3]);
    if (problem->training && p->kind == GD_POOL_MAX)
        problem->desc[GLOBAL_POOL_ARGMAX] = gd_desc_2(GD_I32, x.dim[0], x.dim[3]);
    return GD_OK;
}

static double flops(const gd_problem *problem, gd_direction direction)
{
    (void)direction; /* each pixel is compared or added once */
    return (double)gd_desc_count(problem->desc[GLOBAL_POOL_X]);
}

// clang-format off
static const gd_impl forward[] = {
    GD_CUDA_ENTRY(simt, gd_global_pool_fwd, GD_CUDA_FLOATS, NULL, NULL)
    GD_CUDA_LIBRARY_TYPES(cudnn, gd_global_pool_fwd, GD_ONE(F32) | GD_ONE(F16), gd_global_pool_fwd_cudnn_accepts, gd_cudnn_release)
    GD_SIMD(gd_global_pool_fwd, 0)
    GD_REF(gd_global_pool_fwd)
};
GD_TRAIN(
static const gd_impl backward[] = {
    GD_CUDA_ENTRY(simt, gd_global_pool_bwd_data, GD_CUDA_FLOATS, NULL, NULL)
    GD_CUDA_LIBRARY_TYPES(cudnn, gd_global_pool_bwd_data, GD_ONE(F32) | GD_ONE(F16), gd_global_pool_bwd_data_cudnn_accepts, gd_cudnn_release)
    GD_SIMD(gd_global_pool_bwd_data, 0)
    GD_REF(gd_global_pool_bwd_data)
};)
// clang-format on

const gd_op gd_op_global_pool = {
    .name = "global_pool",
    .summary = "maximum or average of each channel over the image",
    .params_bytes = sizeof(gd_global_pool_params),
    .fields = fields,
    .operand = {[GLOBAL_POOL_X] = {"x"}, [GLOBAL_POOL_Y] = {"y"}, [GLOBAL_POOL_ARGMAX] = {"argmax"}},
    .infer = infer,
    .flops = flops,
    .direction = {[GD_FWD] = {GD_BIT(GLOBAL_POOL_X), GD_BIT(GLOBAL_POOL_Y) | GD_BIT(GLOBAL_POOL_ARGMAX), forward},
                  GD_TRAIN([GD_BWD_DATA] = {GD_BIT(GLOBAL_POOL_DY) | GD_BIT(GLOBAL_POOL_ARGMAX), GD_BIT(GLOBAL_POOL_DX),
                                            backward})},
    .tolerance = 8, /* sums of many positive terms, one after the other */
};
