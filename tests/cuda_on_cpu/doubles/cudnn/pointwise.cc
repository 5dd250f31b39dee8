// SPDX-License-Identifier: Apache-2.0
/* What needs no neighbours: activation, softmax, batch normalisation with given statistics. None of it in bf16: cuDNN's
 * documentation does not name that for all of them. */
#include "double.h"
#include "op/op.h"

extern "C" { // references are C
#include "kernel/bn_apply.h"
#include "kernel/softmax.h"
}

using namespace cudnn_double;

static bool is_served(const cudnnTensorStruct &t) { return t.is_set && t.type != CUDNN_DATA_BFLOAT16; }

cudnnStatus_t cudnnActivationForward(cudnnHandle_t handle, cudnnActivationDescriptor_t how, const void *alpha,
                                     cudnnTensorDescriptor_t x, const void *x_at, const void *beta,
                                     cudnnTensorDescriptor_t y, void *y_at)
{
    if (!handle || !how || !how->is_set || !x || !y || !alpha || !beta || !x_at || !y_at || !is_alike(*x, *y))
        return refuse("no pointer, or descriptors that differ");
    if (how->mode != CUDNN_ACTIVATION_RELU || how->nan != CUDNN_PROPAGATE_NAN || !is_served(*x))
        return refuse("another mode, or a type that is not documented");
    const cudnnTensorStruct desc = *x;
    float a = number(alpha), b = number(beta);
    record("relu x %s alpha %g beta %g", text(desc).c_str(), (double)a, (double)b);
    return launch(handle, "cudnnActivationForward", {reads(desc, x_at), writes(desc, y_at)}, [=] {
        Numbers numbers = read(desc, x_at);
        for (float &one : numbers)
            one = one <= 0 ? 0 : one;
        write(desc, y_at, numbers, a, b);
    });
}

cudnnStatus_t cudnnSoftmaxForward(cudnnHandle_t handle, cudnnSoftmaxAlgorithm_t algorithm, cudnnSoftmaxMode_t mode,
                                  const void *alpha, cudnnTensorDescriptor_t x, const void *x_at, const void *beta,
                                  cudnnTensorDescriptor_t y, void *y_at)
{
    if (!handle || !x || !y || !alpha || !beta || !x_at || !y_at || !is_alike(*x, *y))
        return refuse("no pointer, or descriptors that differ");
    if (algorithm != CUDNN_SOFTMAX_ACCURATE || mode != CUDNN_SOFTMAX_MODE_INSTANCE || !is_served(*x))
        return refuse("another mode, or a type that is not documented");
    const cudnnTensorStruct desc = *x;
    float a = number(alpha), b = number(beta);
    record("softmax x %s alpha %g beta %g", text(desc).c_str(), (double)a, (double)b);
    return launch(handle, "cudnnSoftmaxForward", {reads(desc, x_at), writes(desc, y_at)}, [=] {
        Numbers from = read(desc, x_at), to(from.size());
        gd_softmax_params settings = {1};
        const gd_desc rows = gd_desc_2(GD_F32, desc.dim[0], (int64_t)(desc.count() / (size_t)desc.dim[0]));
        Posed posed(gd_op_softmax, &settings, rows);
        posed.call.at[SOFTMAX_X] = from.data();
        posed.call.at[SOFTMAX_Y] = to.data();
        posed.compute(gd_softmax_fwd_ref_f32);
        write(desc, y_at, to, a, b);
    });
}

cudnnStatus_t cudnnBatchNormalizationForwardInference(cudnnHandle_t handle, cudnnBatchNormMode_t mode,
                                                      const void *alpha, const void *beta, cudnnTensorDescriptor_t x,
                                                      const void *x_at, cudnnTensorDescriptor_t y, void *y_at,
                                                      cudnnTensorDescriptor_t per_channel, const void *scale,
                                                      const void *shift, const void *mean, const void *variance,
                                                      double epsilon)
{
    if (!handle || !x || !y || !per_channel || !alpha || !beta || !x_at || !y_at || !scale || !shift || !mean ||
        !variance || !is_alike(*x, *y) || !per_channel->is_set || per_channel->dim[1] != x->dim[1] ||
        per_channel->count() != (size_t)x->dim[1] || epsilon < 0)
        return refuse("no pointer, descriptors that do not fit, or a negative epsilon");
    if (mode != CUDNN_BATCHNORM_SPATIAL || !is_served(*x) || per_channel->type != CUDNN_DATA_FLOAT)
        return refuse("another mode, or a type that is not documented");
    const cudnnTensorStruct desc = *x, channels = *per_channel;
    float a = number(alpha), b = number(beta);
    record("batch norm x %s epsilon %g alpha %g beta %g", text(desc).c_str(), epsilon, (double)a, (double)b);
    return launch(handle, "cudnnBatchNormalizationForwardInference",
                  {reads(desc, x_at), reads(channels, scale), reads(channels, shift), reads(channels, mean),
                   reads(channels, variance), writes(desc, y_at)},
                  [=] {
                      Numbers from = read(desc, x_at), to(from.size());
                      Numbers gamma = read(channels, scale), offset = read(channels, shift);
                      Numbers running = read(channels, mean), spread = read(channels, variance);
                      running.insert(running.end(), spread.begin(), spread.end());
                      gd_bn_apply_params settings = {0, epsilon, GD_ACTIVATION_NONE};
                      const gd_desc image = gd_desc_4(GD_F32, desc.dim[0], desc.dim[2], desc.dim[3], desc.dim[1]);
                      Posed posed(gd_op_bn_apply, &settings, image);
                      posed.call.at[BN_APPLY_X] = from.data();
                      posed.call.at[BN_APPLY_Y] = to.data();
                      posed.call.at[BN_APPLY_GAMMA] = gamma.data();
                      posed.call.at[BN_APPLY_BETA] = offset.data();
                      posed.call.at[BN_APPLY_RUNNING] = running.data();
                      posed.compute(gd_bn_apply_fwd_ref_f32);
                      write(desc, y_at, to, a, b);
                  });
}
