// SPDX-License-Identifier: Apache-2.0
/* Tensors, as their descriptors say they lie, to dense NHWC floats and back. */
#include "double.h"

namespace cudnn_double
{
static gd_type type_of(const cudnnTensorStruct &t)
{
    return t.type == CUDNN_DATA_HALF ? GD_F16 : t.type == CUDNN_DATA_BFLOAT16 ? GD_BF16 : GD_F32;
}

size_t bytes_of(const cudnnTensorStruct &t)
{
    size_t last = 0;
    for (int i = 0; i < 4; i++)
        last += (size_t)(t.dim[i] - 1) * t.stride[i];
    return (last + 1) * gd_type_bytes(type_of(t));
}

/* Calls visit(place in the tensor, place in dense NHWC) for each element. */
template <class Visit> static void walk(const cudnnTensorStruct &t, Visit visit)
{
    size_t dense = 0;
    for (int n = 0; n < t.dim[0]; n++)
        for (int h = 0; h < t.dim[2]; h++)
            for (int w = 0; w < t.dim[3]; w++)
                for (int c = 0; c < t.dim[1]; c++)
                    visit((size_t)n * t.stride[0] + (size_t)c * t.stride[1] + (size_t)h * t.stride[2] +
                              (size_t)w * t.stride[3],
                          dense++);
}

Numbers read(const cudnnTensorStruct &t, const void *from)
{
    Numbers numbers(t.count());
    walk(t, [&](size_t at, size_t i) { numbers[i] = (float)gd_load(from, type_of(t), (int64_t)at); });
    return numbers;
}

void write(const cudnnTensorStruct &t, void *to, const Numbers &result, float alpha, float beta)
{
    walk(t, [&](size_t at, size_t i) {
        float prior = beta != 0 ? beta * (float)gd_load(to, type_of(t), (int64_t)at) : 0;
        gd_store(to, type_of(t), (int64_t)at, alpha * result[i] + prior);
    });
}

Posed::Posed(const gd_op &op, const void *settings, gd_desc input, bool training) : problem(), call()
{
    problem.params = settings;
    problem.type = GD_F32;
    problem.training = training;
    problem.desc[GD_IN(0)] = input;
    if (gd_op_infer(&op, &problem, nullptr) != GD_OK)
        gd_double::wrong_call(op.name, "shapes that the op refuses");
}

void Posed::compute(gd_status (*run)(const gd_call *, const gd_ctx *))
{
    gd_ctx context = {};
    context.threads = 1;
    call.problem = &problem;
    run(&call, &context);
}
} // namespace cudnn_double
