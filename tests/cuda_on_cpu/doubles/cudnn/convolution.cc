// SPDX-License-Identifier: Apache-2.0
#include "double.h"
#include "op/op.h"

extern "C" { // references are C
#include "kernel/conv2d.h"
}

#include <cstring>

using namespace cudnn_double;

namespace
{
/* What a call is about, copied: descriptors may be gone when the stream gets here. In backward x and w are dx and dw,
 * or y is dy: shapes are what they are in forward. */
struct Convolution {
    int sm;
    cudnnTensorStruct x, y;
    cudnnFilterStruct w;
    cudnnConvolutionStruct how;
    size_t scratch;
    gd_conv2d_params settings() const
    {
        gd_conv2d_params p = {};
        p.filters = w.dim[0], p.kernel = w.dim[2];
        p.stride = how.stride[0], p.pad = how.pad[0], p.dilation = how.dilation[0], p.groups = how.groups;
        return p;
    }
    bool is_rounded_to_tf32() const { return x.type == CUDNN_DATA_FLOAT && how.math != CUDNN_FMA_MATH && sm >= 80; }
};

int outputs(const Convolution &z, int side)
{
    int reach = z.how.dilation[side] * (z.w.dim[2 + side] - 1) + 1;
    return (z.x.dim[2 + side] + 2 * z.how.pad[side] - reach) / z.how.stride[side] + 1;
}

/* NULL, or what is wrong. */
const char *judge(const Convolution &z)
{
    if (!z.x.is_set || !z.y.is_set || !z.w.is_set || !z.how.is_set)
        return "a descriptor that is not set";
    if (z.x.type != z.y.type || z.x.type != z.w.type || (z.x.type == CUDNN_DATA_BFLOAT16 && z.sm < 80))
        return "types that differ, or that the card does not have";
    if (z.x.dim[0] != z.y.dim[0] || z.x.dim[1] != z.w.dim[1] * z.how.groups || z.y.dim[1] != z.w.dim[0] ||
        z.w.dim[0] % z.how.groups || outputs(z, 0) != z.y.dim[2] || outputs(z, 1) != z.y.dim[3])
        return "shapes that do not fit";
    if (z.w.dim[2] != z.w.dim[3] || z.how.pad[0] != z.how.pad[1] || z.how.stride[0] != z.how.stride[1] ||
        z.how.dilation[0] != z.how.dilation[1])
        return "sides that differ";
    if (z.how.mode != CUDNN_CROSS_CORRELATION || z.how.compute != CUDNN_DATA_FLOAT)
        return "filters that are turned, or sums that are not f32";
    return nullptr;
}

/* Some odd number where an algorithm needs scratch at all. */
size_t scratch_of(bool needs_any, const Convolution &z)
{
    const std::string wanted = setting("GRIDDLE_DOUBLE_SCRATCH");
    if (!needs_any || wanted == "none")
        return 0;
    return wanted == "huge" ? (size_t)2 << 30 : 4 * z.w.count() + 36;
}

/* Fills `z`; returns NULL, or what is wrong. `known`: the algorithm is one of those that are computed here. */
const char *take(cudnnHandle_t handle, cudnnTensorDescriptor_t x, cudnnFilterDescriptor_t w,
                 cudnnConvolutionDescriptor_t how, cudnnTensorDescriptor_t y, bool known, bool needs_scratch,
                 Convolution &z)
{
    if (!handle || !x || !w || !how || !y)
        return "no descriptor";
    z = {handle->sm, *x, *y, *w, *how, 0};
    z.scratch = scratch_of(needs_scratch, z);
    return known ? judge(z) : "an algorithm whose bits differ from run to run, or whose errors do";
}

/* The scratch is not the caller's while the function runs, and nothing is left in it. */
void use_scratch(const Convolution &z, void *work)
{
    if (z.scratch)
        memset(work, 0x77, z.scratch);
}

gd_emulated_span scratch(const Convolution &z, void *work) { return {work, z.scratch, true}; }

/* TF32 has ten bits of fraction. */
void round_to_tf32(Numbers &numbers)
{
    for (float &number : numbers) {
        uint32_t bits;
        memcpy(&bits, &number, sizeof bits);
        bits = (bits + 0x1000) & ~0x1fffu;
        memcpy(&number, &bits, sizeof bits);
    }
}

Numbers factors(const Convolution &z, const cudnnTensorStruct &t, const void *from)
{
    Numbers numbers = read(t, from);
    if (z.is_rounded_to_tf32())
        round_to_tf32(numbers);
    return numbers;
}

/* One of the three directions, over dense numbers; `to` is the operand that is computed. */
void compute(const Convolution &z, Numbers *x, Numbers *w, Numbers *y, gd_direction direction)
{
    gd_conv2d_params settings = z.settings();
    const gd_desc image = gd_desc_4(GD_F32, z.x.dim[0], z.x.dim[2], z.x.dim[3], z.x.dim[1]);
    Posed posed(gd_op_conv2d, &settings, image, true);
    const bool forward = direction == GD_FWD, data = direction == GD_BWD_DATA;
    posed.call.at[data ? CONV2D_DX : CONV2D_X] = x->data();
    posed.call.at[direction == GD_BWD_WEIGHT ? CONV2D_DW : CONV2D_W] = w->data();
    posed.call.at[forward ? CONV2D_Y : CONV2D_DY] = y->data();
    posed.compute(forward ? gd_conv2d_fwd_ref_f32 : data ? gd_conv2d_bwd_data_ref_f32 : gd_conv2d_bwd_weight_ref_f32);
}

void tell(const char *what, const Convolution &z, int algorithm, size_t given, float alpha, float beta)
{
    record("%s x %s filter %s y %s pad %d %d stride %d %d dilation %d %d groups %d math %d algorithm %d scratch %zu of "
           "%zu alpha %g beta %g",
           what, text(z.x).c_str(), text(z.w).c_str(), text(z.y).c_str(), z.how.pad[0], z.how.pad[1], z.how.stride[0],
           z.how.stride[1], z.how.dilation[0], z.how.dilation[1], z.how.groups, (int)z.how.math, algorithm, given,
           z.scratch, (double)alpha, (double)beta);
}

bool is_enough(const Convolution &z, const void *work, size_t bytes)
{
    return bytes >= z.scratch && (!z.scratch || work);
}

bool is_forward(cudnnConvolutionFwdAlgo_t a)
{
    return a == CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_GEMM || a == CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_PRECOMP_GEMM;
}
} // namespace

#define GD_TAKE(...)                                                                                                   \
    Convolution z;                                                                                                     \
    if (const char *wrong = take(__VA_ARGS__, z))                                                                      \
        return refuse(wrong);

// ---- forward ----

cudnnStatus_t cudnnGetConvolutionForwardWorkspaceSize(cudnnHandle_t handle, cudnnTensorDescriptor_t x,
                                                      cudnnFilterDescriptor_t w, cudnnConvolutionDescriptor_t how,
                                                      cudnnTensorDescriptor_t y, cudnnConvolutionFwdAlgo_t algorithm,
                                                      size_t *bytes)
{
    GD_TAKE(handle, x, w, how, y, is_forward(algorithm), algorithm != CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_GEMM)
    *bytes = z.scratch;
    return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnConvolutionForward(cudnnHandle_t handle, const void *alpha, cudnnTensorDescriptor_t x,
                                      const void *x_at, cudnnFilterDescriptor_t w, const void *w_at,
                                      cudnnConvolutionDescriptor_t how, cudnnConvolutionFwdAlgo_t algorithm, void *work,
                                      size_t work_bytes, const void *beta, cudnnTensorDescriptor_t y, void *y_at)
{
    GD_TAKE(handle, x, w, how, y, is_forward(algorithm), algorithm != CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_GEMM)
    if (!alpha || !beta || !x_at || !w_at || !y_at || !is_enough(z, work, work_bytes))
        return refuse("no pointer, or less scratch than was asked for");
    float a = number(alpha), b = number(beta);
    tell("forward", z, algorithm, work_bytes, a, b);
    return launch(handle, "cudnnConvolutionForward",
                  {reads(z.x, x_at), reads(z.w, w_at), writes(z.y, y_at), scratch(z, work)}, [=] {
                      use_scratch(z, work);
                      Numbers from = factors(z, z.x, x_at), by = factors(z, z.w, w_at), to(z.y.count());
                      compute(z, &from, &by, &to, GD_FWD);
                      write(z.y, y_at, to, a, b);
                      use_scratch(z, work);
                  });
}

/* act(alpha1 conv(x) + alpha2 z + bias) */
cudnnStatus_t cudnnConvolutionBiasActivationForward(cudnnHandle_t handle, const void *alpha1, cudnnTensorDescriptor_t x,
                                                    const void *x_at, cudnnFilterDescriptor_t w, const void *w_at,
                                                    cudnnConvolutionDescriptor_t how,
                                                    cudnnConvolutionFwdAlgo_t algorithm, void *work, size_t work_bytes,
                                                    const void *alpha2, cudnnTensorDescriptor_t residual,
                                                    const void *residual_at, cudnnTensorDescriptor_t bias,
                                                    const void *bias_at, cudnnActivationDescriptor_t activation,
                                                    cudnnTensorDescriptor_t y, void *y_at)
{
    GD_TAKE(handle, x, w, how, y, is_forward(algorithm), algorithm != CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_GEMM)
    if (!alpha1 || !alpha2 || !x_at || !w_at || !y_at || !residual_at || !bias_at || !bias || !bias->is_set ||
        !residual || !activation || !activation->is_set || !is_alike(*residual, *y) || bias->type != y->type ||
        bias->count() != (size_t)y->dim[1] || bias->dim[1] != y->dim[1] || !is_enough(z, work, work_bytes) ||
        x_at == y_at)
        return refuse("operands behind the sum that do not fit, or less scratch than was asked for");
    const bool is_identity = activation->mode == CUDNN_ACTIVATION_IDENTITY;
    if ((is_identity && algorithm != CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_PRECOMP_GEMM) ||
        (!is_identity && activation->mode != CUDNN_ACTIVATION_RELU) || activation->nan != CUDNN_PROPAGATE_NAN)
        return refuse("an activation that this algorithm does not have");
    float a = number(alpha1), b = number(alpha2);
    const cudnnTensorStruct of_bias = *bias;
    tell(is_identity ? "forward bias" : "forward bias relu", z, algorithm, work_bytes, a, b);
    return launch(handle, "cudnnConvolutionBiasActivationForward",
                  {reads(z.x, x_at), reads(z.w, w_at), reads(of_bias, bias_at), reads(z.y, residual_at),
                   writes(z.y, y_at), scratch(z, work)},
                  [=] {
                      use_scratch(z, work);
                      Numbers from = factors(z, z.x, x_at), by = factors(z, z.w, w_at), to(z.y.count()), add;
                      Numbers shift = read(of_bias, bias_at);
                      compute(z, &from, &by, &to, GD_FWD);
                      if (b != 0)
                          add = read(z.y, residual_at);
                      for (size_t i = 0; i < to.size(); i++) {
                          float sum = a * to[i] + (b != 0 ? b * add[i] : 0) + shift[i % shift.size()];
                          to[i] = !is_identity && sum <= 0 ? 0 : sum;
                      }
                      write(z.y, y_at, to, 1, 0);
                      use_scratch(z, work);
                  });
}

// ---- backward ----

cudnnStatus_t cudnnGetConvolutionBackwardDataWorkspaceSize(cudnnHandle_t handle, cudnnFilterDescriptor_t w,
                                                           cudnnTensorDescriptor_t dy, cudnnConvolutionDescriptor_t how,
                                                           cudnnTensorDescriptor_t dx,
                                                           cudnnConvolutionBwdDataAlgo_t algorithm, size_t *bytes)
{
    GD_TAKE(handle, dx, w, how, dy, algorithm == CUDNN_CONVOLUTION_BWD_DATA_ALGO_1, true)
    *bytes = z.scratch;
    return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnConvolutionBackwardData(cudnnHandle_t handle, const void *alpha, cudnnFilterDescriptor_t w,
                                           const void *w_at, cudnnTensorDescriptor_t dy, const void *dy_at,
                                           cudnnConvolutionDescriptor_t how, cudnnConvolutionBwdDataAlgo_t algorithm,
                                           void *work, size_t work_bytes, const void *beta, cudnnTensorDescriptor_t dx,
                                           void *dx_at)
{
    GD_TAKE(handle, dx, w, how, dy, algorithm == CUDNN_CONVOLUTION_BWD_DATA_ALGO_1, true)
    if (!alpha || !beta || !w_at || !dy_at || !dx_at || !is_enough(z, work, work_bytes))
        return refuse("no pointer, or less scratch than was asked for");
    float a = number(alpha), b = number(beta);
    tell("backward data", z, algorithm, work_bytes, a, b);
    return launch(handle, "cudnnConvolutionBackwardData",
                  {reads(z.y, dy_at), reads(z.w, w_at), writes(z.x, dx_at), scratch(z, work)}, [=] {
                      use_scratch(z, work);
                      Numbers from = factors(z, z.y, dy_at), by = factors(z, z.w, w_at), to(z.x.count());
                      compute(z, &to, &by, &from, GD_BWD_DATA);
                      write(z.x, dx_at, to, a, b);
                      use_scratch(z, work);
                  });
}

cudnnStatus_t cudnnGetConvolutionBackwardFilterWorkspaceSize(cudnnHandle_t handle, cudnnTensorDescriptor_t x,
                                                             cudnnTensorDescriptor_t dy,
                                                             cudnnConvolutionDescriptor_t how,
                                                             cudnnFilterDescriptor_t dw,
                                                             cudnnConvolutionBwdFilterAlgo_t algorithm, size_t *bytes)
{
    GD_TAKE(handle, x, dw, how, dy, algorithm == CUDNN_CONVOLUTION_BWD_FILTER_ALGO_1, true)
    *bytes = z.scratch;
    return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnConvolutionBackwardFilter(cudnnHandle_t handle, const void *alpha, cudnnTensorDescriptor_t x,
                                             const void *x_at, cudnnTensorDescriptor_t dy, const void *dy_at,
                                             cudnnConvolutionDescriptor_t how,
                                             cudnnConvolutionBwdFilterAlgo_t algorithm, void *work, size_t work_bytes,
                                             const void *beta, cudnnFilterDescriptor_t dw, void *dw_at)
{
    GD_TAKE(handle, x, dw, how, dy, algorithm == CUDNN_CONVOLUTION_BWD_FILTER_ALGO_1, true)
    if (!alpha || !beta || !x_at || !dy_at || !dw_at || !is_enough(z, work, work_bytes))
        return refuse("no pointer, or less scratch than was asked for");
    float a = number(alpha), b = number(beta);
    tell("backward filter", z, algorithm, work_bytes, a, b);
    return launch(handle, "cudnnConvolutionBackwardFilter",
                  {reads(z.x, x_at), reads(z.y, dy_at), writes(z.w, dw_at), scratch(z, work)}, [=] {
                      use_scratch(z, work);
                      Numbers from = factors(z, z.x, x_at), by = factors(z, z.y, dy_at), to(z.w.count());
                      compute(z, &from, &to, &by, GD_BWD_WEIGHT);
                      write(z.w, dw_at, to, a, b);
                      use_scratch(z, work);
                  });
}
