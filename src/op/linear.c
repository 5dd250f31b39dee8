// SPDX-License-Identifier: Apache-2.0
#include "kernel/linear.h"
#include "kernel/onednn.h"
#include "op/op.h"

static const gd_field fields[] = {
    GD_FIELD_INT(gd_linear_params, features, NULL, 1, 1 << 24, "output features"),
    GD_FIELD_BOOL(gd_linear_params, bias, "true", "add a bias per feature"),
    GD_FIELD_CHOICE(gd_linear_params, activation, "none", GD_ACTIVATION_CHOICES, "applied at the end"),
    {0},
};

static gd_status infer(gd_problem *problem, gd_error *error)
{
    const gd_linear_params *p = problem->params;
    const gd_desc x = problem->desc[LINEAR_X];
    if (x.rank != 2)
        return gd_fail(error, GD_INVALID, "input has %d dimensions where linear needs 2 (N,C): flatten it first",
                       x.rank);
    if (problem->training && p->activation)
        return gd_fail(error, GD_INVALID, "activation is for inference; in training it is an op");
    gd_type real = problem->type == GD_F64 ? GD_F64 : GD_F32;
    problem->desc[LINEAR_W] = gd_desc_2(real, p->features, x.dim[1]);
    if (p->bias)
        problem->desc[LINEAR_B] = gd_desc_1(real, p->features);
    problem->desc[LINEAR_Y] = gd_desc_2(problem->type, x.dim[0], p->features);
    return GD_OK;
}

static double flops(const gd_problem *problem, gd_direction direction)
{
    (void)direction; /* the same sum in all three */
    const gd_linear_sizes z = gd_linear_sizes_of(problem);
    return 2.0 * (double)(z.N * z.K) * (double)z.C;
}

#define DIRECT(isa, feature)                                                                                           \
    GD_X86({#isa, GD_CPU, GD_ONE(F32), feature, GD_DETERMINISTIC, NULL, gd_linear_fwd_##isa##_prepare, NULL,           \
            gd_linear_direct_run, gd_linear_direct_release})

// clang-format off
static const gd_impl forward[] = {
    GD_CUDA_ENTRY(simt, gd_linear_fwd, GD_CUDA_FLOATS, NULL, gd_linear_fwd_simt_prepare)
    GD_ONEDNN_ENTRY(F32, GD_AVX2, gd_linear_fwd_onednn_prepare)
    GD_ONEDNN_ENTRY(BF16, GD_AVX512, gd_linear_fwd_onednn_prepare)
    GD_ONEDNN_ENTRY(F16, GD_AVX2, gd_linear_fwd_onednn_prepare)
    DIRECT(avx512, GD_AVX512)
    DIRECT(avx2, GD_AVX2)
    GD_REF(gd_linear_fwd)
};
GD_TRAIN(
static const gd_impl backward_data[] = {
    GD_CUDA_ENTRY(simt, gd_linear_bwd_data, GD_CUDA_FLOATS, NULL, gd_linear_bwd_data_simt_prepare)
    GD_ONEDNN_ENTRY(F32, GD_AVX2, gd_linear_bwd_data_onednn_prepare)
    GD_ONEDNN_ENTRY(BF16, GD_AVX512, gd_linear_bwd_data_onednn_prepare)
    GD_ONEDNN_ENTRY(F16, GD_AVX2, gd_linear_bwd_data_onednn_prepare)
    GD_REF(gd_linear_bwd_data)
};
static const gd_impl backward_weight[] = {
    GD_CUDA_ENTRY(simt, gd_linear_bwd_weight, GD_CUDA_FLOATS, NULL, gd_linear_bwd_weight_simt_prepare)
    GD_ONEDNN_ENTRY(F32, GD_AVX2, gd_linear_bwd_weight_onednn_prepare)
    GD_ONEDNN_ENTRY(BF16, GD_AVX512, gd_linear_bwd_weight_onednn_prepare)
    GD_ONEDNN_ENTRY(F16, GD_AVX2, gd_linear_bwd_weight_onednn_prepare)
    GD_REF(gd_linear_bwd_weight)
};)
// clang-format on

const gd_op gd_op_linear = {
    .name = "linear",
    .summary = "fully connected layer, with bias and activation behind it",
    .params_bytes = sizeof(gd_linear_params),
    .fields = fields,
    .operand = {[LINEAR_X] = {"x"},
                [LINEAR_W] = {"w", GD_ROLE_FINAL_WEIGHT},
                [LINEAR_B] = {"b", GD_ROLE_BIAS},
                [LINEAR_Y] = {"y"}},
    .infer = infer,
    .flops = flops,
    .direction = {[GD_FWD] = {GD_BIT(LINEAR_X) | GD_BIT(LINEAR_W) | GD_BIT(LINEAR_B), GD_BIT(LINEAR_Y), forward},
                  GD_TRAIN([GD_BWD_WEIGHT] = {GD_BIT(LINEAR_X) | GD_BIT(LINEAR_DY),
                                              GD_BIT(LINEAR_DW) | GD_BIT(LINEAR_DB), backward_weight},
                           [GD_BWD_DATA] = {GD_BIT(LINEAR_W) | GD_BIT(LINEAR_DY), GD_BIT(LINEAR_DX), backward_data})},
    .tolerance = 8,
};
