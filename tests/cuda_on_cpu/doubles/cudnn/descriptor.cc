// SPDX-License-Identifier: Apache-2.0
/* The handle, descriptors, and what cuDNN finds wrong with them. */
#include "double.h"

#include <climits>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <mutex>

namespace cudnn_double
{
std::string setting(const char *name)
{
    const char *text = getenv(name);
    return text ? text : "";
}

void record(const char *format, ...)
{
    static std::mutex lock;
    const std::string path = setting("GRIDDLE_DOUBLE_RECORD");
    if (path.empty())
        return;
    std::lock_guard<std::mutex> held(lock);
    FILE *file = fopen(path.c_str(), "a");
    if (!file)
        return;
    va_list arguments;
    va_start(arguments, format);
    vfprintf(file, format, arguments);
    va_end(arguments);
    fputc('\n', file);
    fclose(file);
}

std::string text(const cudnnTensorStruct &t)
{
    char line[128];
    const char *type = t.type == CUDNN_DATA_HALF ? "f16" : t.type == CUDNN_DATA_BFLOAT16 ? "bf16" : "f32";
    snprintf(line, sizeof line, "%s %dx%dx%dx%d %s", type, t.dim[0], t.dim[2], t.dim[3], t.dim[1],
             t.stride[1] == 1 ? "nhwc" : "nchw");
    return line;
}

bool is_alike(const cudnnTensorStruct &a, const cudnnTensorStruct &b)
{
    bool same = a.is_set && b.is_set && a.type == b.type;
    for (int i = 0; i < 4 && same; i++)
        same = a.dim[i] == b.dim[i] && a.stride[i] == b.stride[i];
    return same;
}
} // namespace cudnn_double

using namespace cudnn_double;

// ---- the library and its handle ----

size_t cudnnGetVersion(void)
{
    const std::string version = setting("GRIDDLE_DOUBLE_VERSION");
    return version.empty() ? 91002 : (size_t)atol(version.c_str());
}

const char *cudnnGetErrorString(cudnnStatus_t status)
{
    switch (status) {
    case CUDNN_STATUS_SUCCESS:
        return "CUDNN_STATUS_SUCCESS";
    case CUDNN_STATUS_BAD_PARAM:
        return "CUDNN_STATUS_BAD_PARAM";
    case CUDNN_STATUS_NOT_SUPPORTED:
        return "CUDNN_STATUS_NOT_SUPPORTED";
    case CUDNN_STATUS_EXECUTION_FAILED:
        return "CUDNN_STATUS_EXECUTION_FAILED";
    default:
        return "CUDNN_STATUS_INTERNAL_ERROR";
    }
}

cudnnStatus_t cudnnCreate(cudnnHandle_t *handle)
{
    if (setting("GRIDDLE_DOUBLE_CREATE") == "fails" || !gd_double::library_call())
        return CUDNN_STATUS_INTERNAL_ERROR;
    const std::string sm = setting("GRIDDLE_EMULATED_SM");
    *handle = new cudnnContext{sm.empty() ? 80 : atoi(sm.c_str()), nullptr};
    return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnSetStream(cudnnHandle_t handle, cudaStream_t stream)
{
    handle->stream = stream;
    return CUDNN_STATUS_SUCCESS;
}

// ---- descriptors ----

#define GD_LIFE(Create, Destroy, type)                                                                                 \
    cudnnStatus_t Create(type *to)                                                                                     \
    {                                                                                                                  \
        *to = new std::remove_pointer_t<type>;                                                                         \
        return CUDNN_STATUS_SUCCESS;                                                                                   \
    }                                                                                                                  \
    cudnnStatus_t Destroy(type descriptor)                                                                             \
    {                                                                                                                  \
        delete descriptor;                                                                                             \
        return CUDNN_STATUS_SUCCESS;                                                                                   \
    }
GD_LIFE(cudnnCreateTensorDescriptor, cudnnDestroyTensorDescriptor, cudnnTensorDescriptor_t)
GD_LIFE(cudnnCreateFilterDescriptor, cudnnDestroyFilterDescriptor, cudnnFilterDescriptor_t)
GD_LIFE(cudnnCreateConvolutionDescriptor, cudnnDestroyConvolutionDescriptor, cudnnConvolutionDescriptor_t)
GD_LIFE(cudnnCreateActivationDescriptor, cudnnDestroyActivationDescriptor, cudnnActivationDescriptor_t)
GD_LIFE(cudnnCreatePoolingDescriptor, cudnnDestroyPoolingDescriptor, cudnnPoolingDescriptor_t)

static cudnnStatus_t set(cudnnTensorStruct &t, cudnnTensorFormat_t format, cudnnDataType_t type, const int dim[4])
{
    double count = 1;
    for (int i = 0; i < 4; i++) {
        if (dim[i] < 1)
            return refuse("a dimension below 1");
        count *= t.dim[i] = dim[i];
    }
    if (type != CUDNN_DATA_FLOAT && type != CUDNN_DATA_HALF && type != CUDNN_DATA_BFLOAT16)
        return refuse("another type");
    if (count > INT_MAX)
        return refuse("more than 2^31 elements");
    size_t c = (size_t)dim[1], h = (size_t)dim[2], w = (size_t)dim[3];
    const size_t nhwc[] = {h * w * c, 1, w * c, c}, nchw[] = {c * h * w, h * w, w, 1};
    for (int i = 0; i < 4; i++)
        t.stride[i] = format == CUDNN_TENSOR_NHWC ? nhwc[i] : nchw[i];
    t.type = type;
    t.is_set = true;
    return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnSetTensor4dDescriptor(cudnnTensorDescriptor_t to, cudnnTensorFormat_t format, cudnnDataType_t type,
                                         int n, int c, int h, int w)
{
    const int dim[] = {n, c, h, w};
    return set(*to, format, type, dim);
}

cudnnStatus_t cudnnSetFilter4dDescriptor(cudnnFilterDescriptor_t to, cudnnDataType_t type, cudnnTensorFormat_t format,
                                         int k, int c, int h, int w)
{
    const int dim[] = {k, c, h, w};
    return set(*to, format, type, dim);
}

cudnnStatus_t cudnnSetConvolution2dDescriptor(cudnnConvolutionDescriptor_t to, int pad_h, int pad_w, int stride_h,
                                              int stride_w, int dilation_h, int dilation_w, cudnnConvolutionMode_t mode,
                                              cudnnDataType_t compute)
{
    if (pad_h < 0 || pad_w < 0 || stride_h < 1 || stride_w < 1 || dilation_h < 1 || dilation_w < 1)
        return refuse("a number that is too small");
    to->pad[0] = pad_h, to->pad[1] = pad_w;
    to->stride[0] = stride_h, to->stride[1] = stride_w;
    to->dilation[0] = dilation_h, to->dilation[1] = dilation_w;
    to->mode = mode;
    to->compute = compute;
    to->is_set = true;
    return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnSetConvolutionGroupCount(cudnnConvolutionDescriptor_t to, int groups)
{
    to->groups = groups;
    return groups < 1 ? refuse("no groups") : CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnSetConvolutionMathType(cudnnConvolutionDescriptor_t to, cudnnMathType_t math)
{
    to->math = math;
    return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnSetActivationDescriptor(cudnnActivationDescriptor_t to, cudnnActivationMode_t mode,
                                           cudnnNanPropagation_t nan, double)
{
    to->mode = mode;
    to->nan = nan;
    to->is_set = true;
    return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnSetPooling2dDescriptor(cudnnPoolingDescriptor_t to, cudnnPoolingMode_t mode,
                                          cudnnNanPropagation_t nan, int h, int w, int pad_h, int pad_w, int stride_h,
                                          int stride_w)
{
    if (h < 1 || w < 1 || pad_h < 0 || pad_w < 0 || stride_h < 1 || stride_w < 1 || pad_h >= h || pad_w >= w)
        return refuse("a window that is smaller than its padding, or none");
    to->window[0] = h, to->window[1] = w;
    to->pad[0] = pad_h, to->pad[1] = pad_w;
    to->stride[0] = stride_h, to->stride[1] = stride_w;
    to->mode = mode;
    to->nan = nan;
    to->is_set = true;
    return CUDNN_STATUS_SUCCESS;
}
