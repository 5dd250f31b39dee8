// SPDX-License-Identifier: Apache-2.0
#include "double.h"
#include "op/op.h"

extern "C" { // references are C
#include "kernel/global_pool.h"
#include "kernel/pool2d.h"
}

using namespace cudnn_double;

namespace
{
struct Pool {
    cudnnPoolingStruct how;
    cudnnTensorStruct x, y;
    bool is_global() const
    {
        return how.window[0] == x.dim[2] && how.window[1] == x.dim[3] && !how.pad[0] && !how.pad[1];
    }
    int kind() const { return how.mode == CUDNN_POOLING_MAX ? GD_POOL_MAX : GD_POOL_AVERAGE; }
};

/* NULL, or what is wrong. */
const char *judge(const Pool &z)
{
    if (!z.how.is_set || !z.x.is_set || !z.y.is_set)
        return "a descriptor that is not set";
    if (z.x.type != z.y.type || z.x.type == CUDNN_DATA_BFLOAT16)
        return "types that differ, or that are not documented";
    if (z.x.dim[0] != z.y.dim[0] || z.x.dim[1] != z.y.dim[1])
        return "shapes that do not fit";
    for (int side = 0; side < 2; side++)
        if (z.y.dim[2 + side] !=
            (z.x.dim[2 + side] + 2 * z.how.pad[side] - z.how.window[side]) / z.how.stride[side] + 1)
            return "shapes that do not fit";
    bool is_square =
        z.how.window[0] == z.how.window[1] && z.how.pad[0] == z.how.pad[1] && z.how.stride[0] == z.how.stride[1];
    if (!is_square && !z.is_global())
        return "sides that differ";
    if (z.how.mode != CUDNN_POOLING_MAX && z.how.mode != CUDNN_POOLING_AVERAGE_COUNT_EXCLUDE_PADDING)
        return "padding that counts";
    return z.how.nan == CUDNN_PROPAGATE_NAN ? nullptr : "NaN that is hidden";
}

void compute(const Pool &z, Numbers &x, Numbers &y, bool forward)
{
    const gd_desc image = gd_desc_4(GD_F32, z.x.dim[0], z.x.dim[2], z.x.dim[3], z.x.dim[1]);
    if (z.is_global()) {
        gd_global_pool_params settings = {z.kind()};
        Posed posed(gd_op_global_pool, &settings, image);
        posed.call.at[forward ? GLOBAL_POOL_X : GLOBAL_POOL_DX] = x.data();
        posed.call.at[forward ? GLOBAL_POOL_Y : GLOBAL_POOL_DY] = y.data();
        posed.compute(forward ? gd_global_pool_fwd_ref_f32 : gd_global_pool_bwd_data_ref_f32);
        return;
    }
    gd_pool2d_params settings = {z.kind(), z.how.window[0], z.how.stride[0], z.how.pad[0]};
    Posed posed(gd_op_pool2d, &settings, image);
    posed.call.at[forward ? POOL2D_X : POOL2D_DX] = x.data();
    posed.call.at[forward ? POOL2D_Y : POOL2D_DY] = y.data();
    posed.compute(forward ? gd_pool2d_fwd_ref_f32 : gd_pool2d_bwd_data_ref_f32);
}

void tell(const char *what, const Pool &z, float alpha, float beta)
{
    record("%s x %s y %s mode %d window %d %d pad %d %d stride %d %d alpha %g beta %g", what, text(z.x).c_str(),
           text(z.y).c_str(), (int)z.how.mode, z.how.window[0], z.how.window[1], z.how.pad[0], z.how.pad[1],
           z.how.stride[0], z.how.stride[1], (double)alpha, (double)beta);
}
} // namespace

cudnnStatus_t cudnnPoolingForward(cudnnHandle_t handle, cudnnPoolingDescriptor_t how, const void *alpha,
                                  cudnnTensorDescriptor_t x, const void *x_at, const void *beta,
                                  cudnnTensorDescriptor_t y, void *y_at)
{
    if (!handle || !how || !x || !y || !alpha || !beta || !x_at || !y_at)
        return refuse("no pointer");
    const Pool z = {*how, *x, *y};
    if (const char *wrong = judge(z))
        return refuse(wrong);
    float a = number(alpha), b = number(beta);
    tell("pool", z, a, b);
    return launch(handle, "cudnnPoolingForward", {reads(z.x, x_at), writes(z.y, y_at)}, [=] {
        Numbers from = read(z.x, x_at), to(z.y.count());
        compute(z, from, to, true);
        write(z.y, y_at, to, a, b);
    });
}

/* Of an average: x and y must be there, as cuDNN wants it, but hold nothing that counts. */
cudnnStatus_t cudnnPoolingBackward(cudnnHandle_t handle, cudnnPoolingDescriptor_t how, const void *alpha,
                                   cudnnTensorDescriptor_t y, const void *y_at, cudnnTensorDescriptor_t dy,
                                   const void *dy_at, cudnnTensorDescriptor_t x, const void *x_at, const void *beta,
                                   cudnnTensorDescriptor_t dx, void *dx_at)
{
    if (!handle || !how || !x || !y || !dx || !dy || !alpha || !beta || !x_at || !y_at || !dx_at || !dy_at ||
        !is_alike(*x, *dx) || !is_alike(*y, *dy))
        return refuse("no pointer, or descriptors that differ");
    const Pool z = {*how, *x, *y};
    if (const char *wrong = z.kind() == GD_POOL_MAX ? "a maximum, whose x and y are not there" : judge(z))
        return refuse(wrong);
    float a = number(alpha), b = number(beta);
    tell("pool backward", z, a, b);
    return launch(handle, "cudnnPoolingBackward", {reads(z.y, dy_at), writes(z.x, dx_at)}, [=] {
        Numbers from = read(z.y, dy_at), to(z.x.count());
        compute(z, to, from, false);
        write(z.x, dx_at, to, a, b);
    });
}
