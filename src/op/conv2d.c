// SPDX-License-Identifier: Apache-2.0
#include "kernel/conv2d.h"
#include "kernel/onednn.h"
#include "op/op.h"

static const gd_field fields[] = {
    GD_FIELD_INT(gd_conv2d_params, filters, NULL, 1, 65536, "output channels"),
    GD_FIELD_INT(gd_conv2d_params, kernel, "3", 1, 64, "side of the window, in pixels"),
    GD_FIELD_INT(gd_conv2d_params, stride, "1", 1, 64, "pixels from one window to the next"),
    GD_FIELD_INT(gd_conv2d_params, pad, "0", 0, 64, "zeros around the image, in pixels"),
    GD_FIELD_INT(gd_conv2d_params, dilation, "1", 1, 64, "pixels from one tap of the window to the next"),
    GD_FIELD_INT(gd_conv2d_params, groups, "1", 1, 65536, "independent convolutions over equal parts of the channels"),
    GD_FIELD_BOOL(gd_conv2d_params, bias, "false", "add a bias per output channel"),
    GD_FIELD_CHOICE(gd_conv2d_params, activation, "none", GD_ACTIVATION_CHOICES, "applied at the end"),
    {0},
};

static gd_status infer(gd_problem *problem, gd_error *error)
{
    const gd_conv2d_params *p = problem->params;
    const gd_desc x = problem->desc[CONV2D_X], residual = problem->desc[CONV2D_RESIDUAL];
    if (x.rank != 4)
        return gd_fail(error, GD_INVALID, "input has %d dimensions where conv2d needs 4 (N,H,W,C)", x.rank);
    int64_t reach = (int64_t)p->dilation * (p->kernel - 1) + 1;
    for (int i = 1; i <= 2; i++) {
        if (reach > x.dim[i] + 2 * p->pad)
            return gd_fail(error, GD_INVALID, "kernel %lld is larger than padded input %lld", (long long)reach,
                           (long long)x.dim[i] + 2 * p->pad);
    }
    if (x.dim[3] % p->groups || p->filters % p->groups)
        return gd_fail(error, GD_INVALID, "groups %d must divide both input channels %lld and filters %d", p->groups,
                       (long long)x.dim[3], p->filters);
    int64_t P = (x.dim[1] + 2 * p->pad - reach) / p->stride + 1, Q = (x.dim[2] + 2 * p->pad - reach) / p->stride + 1;
    gd_type real = problem->type == GD_F64 ? GD_F64 : GD_F32;
    problem->desc[CONV2D_W] = gd_desc_4(real, p->filters, p->kernel, p->kernel, x.dim[3] / p->groups);
    if (p->bias)
        problem->desc[CONV2D_B] = gd_desc_1(real, p->filters);
    problem->desc[CONV2D_Y] = gd_desc_4(problem->type, x.dim[0], P, Q, p->filters);
    if (residual.rank && !gd_desc_same_shape(residual, problem->desc[CONV2D_Y])) {
        char a[64], b[64];
        return gd_fail(error, GD_INVALID, "residual is %s where the output is %s", gd_desc_text(residual, a, sizeof a),
                       gd_desc_text(problem->desc[CONV2D_Y], b, sizeof b));
    }
    if (problem->training && (p->activation || residual.rank))
        return gd_fail(error, GD_INVALID, "activation and residual are for inference; in training they are ops");
    return GD_OK;
}

static double flops(const gd_problem *problem, gd_direction direction)
{
    (void)direction; /* the same sum in all three */
    const gd_conv2d_sizes z = gd_conv2d_sizes_of(problem);
    return 2.0 * (double)(z.N * z.P * z.Q * z.K) * (double)(z.R * z.S * z.group_C);
}

#define DIRECT(name, isa, prepare)                                                                                     \
    GD_X86({name, GD_CPU, GD_ONE(F32), isa, GD_DETERMINISTIC, 0, prepare, 0, gd_conv2d_direct_run,                     \
            gd_conv2d_direct_release})

// clang-format off
static const gd_impl forward[] = {
    GD_CUDA_MMA_ENTRY(gd_conv2d_fwd, gd_conv2d_mma_accepts, gd_conv2d_fwd_mma_prepare)
    GD_CUDA_ENTRY(simt, gd_conv2d_fwd, GD_CUDA_FLOATS, NULL, gd_conv2d_fwd_simt_prepare)
    GD_CUDA_LIBRARY_ENTRY(cublaslt, gd_conv2d_fwd, gd_conv2d_cublaslt_accepts, gd_conv2d_cublaslt_release)
    GD_CUDA_LIBRARY_ENTRY(cudnn, gd_conv2d_fwd, NULL, gd_cudnn_release)
    GD_ONEDNN_ENTRY(F32, GD_AVX2, gd_conv2d_fwd_onednn_prepare)
    GD_ONEDNN_ENTRY(BF16, GD_AVX512, gd_conv2d_fwd_onednn_prepare)
    GD_ONEDNN_ENTRY(F16, GD_AVX2, gd_conv2d_fwd_onednn_prepare)
    DIRECT("avx512", GD_AVX512, gd_conv2d_fwd_avx512_prepare)
    DIRECT("avx2", GD_AVX2, gd_conv2d_fwd_avx2_prepare)
    GD_REF(gd_conv2d_fwd)
};
GD_TRAIN(
static const gd_impl backward_data[] = {
    GD_CUDA_MMA_ENTRY(gd_conv2d_bwd_data, gd_conv2d_mma_accepts, gd_conv2d_bwd_data_mma_prepare)
    GD_CUDA_ENTRY(simt, gd_conv2d_bwd_data, GD_CUDA_FLOATS, NULL, gd_conv2d_bwd_data_simt_prepare)
    GD_CUDA_LIBRARY_ENTRY(cublaslt, gd_conv2d_bwd_data, gd_conv2d_cublaslt_accepts, gd_conv2d_cublaslt_release)
    GD_CUDA_LIBRARY_ENTRY(cudnn, gd_conv2d_bwd_data, NULL, gd_cudnn_release)
    GD_ONEDNN_ENTRY(F32, GD_AVX2, gd_conv2d_bwd_data_onednn_prepare)
    GD_ONEDNN_ENTRY(BF16, GD_AVX512, gd_conv2d_bwd_data_onednn_prepare)
    GD_ONEDNN_ENTRY(F16, GD_AVX2, gd_conv2d_bwd_data_onednn_prepare)
    GD_REF(gd_conv2d_bwd_data)
};
static const gd_impl backward_weight[] = {
    GD_CUDA_MMA_ENTRY(gd_conv2d_bwd_weight, gd_conv2d_mma_accepts, gd_conv2d_bwd_weight_mma_prepare)
    GD_CUDA_ENTRY(simt, gd_conv2d_bwd_weight, GD_CUDA_FLOATS, NULL, gd_conv2d_bwd_weight_simt_prepare)
    GD_CUDA_LIBRARY_ENTRY(cublaslt, gd_conv2d_bwd_weight, gd_conv2d_cublaslt_accepts, gd_conv2d_cublaslt_release)
    GD_CUDA_LIBRARY_TYPES(cudnn, gd_conv2d_bwd_weight, GD_ONE(F32), NULL, gd_cudnn_release)
    GD_ONEDNN_ENTRY(F32, GD_AVX2, gd_conv2d_bwd_weight_onednn_prepare)
    GD_ONEDNN_ENTRY(BF16, GD_AVX512, gd_conv2d_bwd_weight_onednn_prepare)
    GD_ONEDNN_ENTRY(F16, GD_AVX2, gd_conv2d_bwd_weight_onednn_prepare)
    GD_REF(gd_conv2d_bwd_weight)
};)
// clang-format on

const gd_op gd_op_conv2d = {
    .name = "conv2d",
    .summary = "2-D convolution over NHWC, with bias, residual and activation behind it",
    .params_bytes = sizeof(gd_conv2d_params),
    .fields = fields,
    .operand = {[CONV2D_X] = {"x"},
                [CONV2D_RESIDUAL] = {"residual"},
                [CONV2D_W] = {"w", GD_ROLE_WEIGHT},
                [CONV2D_B] = {"b", GD_ROLE_BIAS},
                [CONV2D_Y] = {"y"}},
    .infer = infer,
    .flops = flops,
    .direction = {[GD_FWD] = {GD_BIT(CONV2D_X) | GD_BIT(CONV2D_RESIDUAL) | GD_BIT(CONV2D_W) | GD_BIT(CONV2D_B),
                              GD_BIT(CONV2D_Y), forward},
                  GD_TRAIN([GD_BWD_WEIGHT] = {GD_BIT(CONV2D_X) | GD_BIT(CONV2D_DY),
                                              GD_BIT(CONV2D_DW) | GD_BIT(CONV2D_DB), backward_weight},
                           [GD_BWD_DATA] = {GD_BIT(CONV2D_W) | GD_BIT(CONV2D_DY), GD_BIT(CONV2D_DX), backward_data})},
    /* n terms in a row cost about sqrt(n) eps S (Higham, Mary, "A new approach to probabilistic rounding error
     * analysis", 2019); entries sum some hundred in a row, and among millions of outputs one lies several deviations
     * out. */
    .tolerance = 16,
};
