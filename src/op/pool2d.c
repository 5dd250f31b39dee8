// SPDX-License-Identifier: Apache-2.0
#include "kernel/pool2d.h"
#include "op/op.h"

static const gd_field fields[] = {
    GD_FIELD_CHOICE(gd_pool2d_params, kind, "max", GD_POOL_CHOICES, "what is taken of a window"),
    GD_FIELD_INT(gd_pool2d_params, kernel, "2", 1, POOL2D_MAX_KERNEL, "side of the window, in pixels"),
    GD_FIELD_INT(gd_pool2d_params, stride, "2", 1, 64, "pixels from one window to the next"),
    GD_FIELD_INT(gd_pool2d_params, pad, "0", 0, POOL2D_MAX_KERNEL - 1, "pixels around the image that do not count"),
    {0},
};

static gd_status infer(gd_problem *problem, gd_error *error)
{
    const gd_pool2d_params *p = problem->params;
    const gd_desc x = problem->desc[POOL2D_X];
    if (x.rank != 4)
        return gd_fail(error, GD_INVALID, "input has %d dimensions where pool2d needs 4 (N,H,W,C)", x.rank);
    if (p->pad >= p->kernel)
        return gd_fail(error, GD_INVALID, "pad %d must be smaller than kernel %d", p->pad, p->kernel);
    int64_t out[2];
    for (int i = 0; i < 2; i++) {
        int64_t padded = x.dim[1 + i] + 2 * p->pad;
        if (p->kernel > padded)
            return gd_fail(error, GD_INVALID, "kernel %d is larger than padded input %lld", p->kernel,
                           (long long)padded);
        out[i] = (padded - p->kernel) / p->stride + 1;
    }
    problem->desc[POOL2D_Y] = gd_desc_4(x.type, x.dim[0], out[0], out[1], x.dim[3]);
    if (problem->training && p->kind == GD_POOL_MAX)
        problem->desc[POOL2D_ARGMAX] = gd_desc_4(GD_U8, x.dim[0], out[0], out[1], x.dim[3]);
    return GD_OK;
}

static double flops(const gd_problem *problem, gd_direction direction)
{
    (void)direction; /* each element of each window is compared or added once */
    const gd_pool2d_params *p = problem->params;
    return (double)gd_desc_count(problem->desc[POOL2D_Y]) * p->kernel * p->kernel;
}

// clang-format off
static const gd_impl forward[] = {
    GD_CUDA_ENTRY(simt, gd_pool2d_fwd, GD_CUDA_FLOATS, NULL, NULL)
    GD_CUDA_LIBRARY_TYPES(cudnn, gd_pool2d_fwd, GD_ONE(F32) | GD_ONE(F16), gd_pool2d_fwd_cudnn_accepts, gd_cudnn_release)
    GD_SIMD(gd_pool2d_fwd, 0)
    GD_REF(gd_pool2d_fwd)
};
GD_TRAIN(
static const gd_impl backward[] = {
    GD_CUDA_ENTRY(simt, gd_pool2d_bwd_data, GD_CUDA_FLOATS, NULL, NULL)
    GD_CUDA_LIBRARY_TYPES(cudnn, gd_pool2d_bwd_data, GD_ONE(F32) | GD_ONE(F16), gd_pool2d_bwd_data_cudnn_accepts, gd_cudnn_release)
    GD_SIMD(gd_pool2d_bwd_data, 0)
    GD_REF(gd_pool2d_bwd_data)
};)
// clang-format on

const gd_op gd_op_pool2d = {
    .name = "pool2d",
    .summary = "maximum or average of each window of an image",
    .params_bytes = sizeof(gd_pool2d_params),
    .fields = fields,
    .operand = {[POOL2D_X] = {"x"}, [POOL2D_Y] = {"y"}, [POOL2D_ARGMAX] = {"argmax"}},
    .infer = infer,
    .flops = flops,
    .direction = {[GD_FWD] = {GD_BIT(POOL2D_X), GD_BIT(POOL2D_Y) | GD_BIT(POOL2D_ARGMAX), forward},
                  GD_TRAIN([GD_BWD_DATA] = {GD_BIT(POOL2D_DY) | GD_BIT(POOL2D_ARGMAX), GD_BIT(POOL2D_DX), backward})},
    .tolerance = 4,
};
