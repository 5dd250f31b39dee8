// SPDX-License-Identifier: Apache-2.0
/* As much of cuDNN 9's interface as Griddle calls, so that it builds where cuDNN's headers are not. Names, values and
 * signatures are NVIDIA's (docs.nvidia.com/deeplearning/cudnn/backend/latest/api); tests/cuda/cudnn_abi.c holds them
 * against the real headers.
 *
 * Why a function for each operation, which cuDNN calls its legacy interface, and not its graphs. They are the same from
 * the last version for Volta (9.10.2) to one of the newest for Blackwell (9.28.1), by the lists of their symbols and by
 * their headers. One names a convolution's algorithm, whose determinism NVIDIA documents; the engines of a graph are
 * numbers that mean something else in each version. And each call is small enough that a double of it can be held to
 * what it says. What a graph can do beyond that is to fuse, which is for kernels of our own. Should a version drop one
 * of these functions, it is refused by that function's name.
 */
#ifndef GD_CUDA_CUDNN_ABI_H
#define GD_CUDA_CUDNN_ABI_H

#include <cuda_runtime_api.h>
#include <stddef.h>

/* type, name, value */
#define GD_CUDNN_VALUES(X)                                                                                             \
    X(cudnnStatus_t, CUDNN_STATUS_SUCCESS, 0)                                                                          \
    X(cudnnStatus_t, CUDNN_STATUS_BAD_PARAM, 2000)                                                                     \
    X(cudnnStatus_t, CUDNN_STATUS_NOT_SUPPORTED, 3000)                                                                 \
    X(cudnnStatus_t, CUDNN_STATUS_INTERNAL_ERROR, 4000)                                                                \
    X(cudnnStatus_t, CUDNN_STATUS_EXECUTION_FAILED, 5000)                                                              \
    X(cudnnDataType_t, CUDNN_DATA_FLOAT, 0)                                                                            \
    X(cudnnDataType_t, CUDNN_DATA_HALF, 2)                                                                             \
    X(cudnnDataType_t, CUDNN_DATA_BFLOAT16, 9)                                                                         \
    X(cudnnMathType_t, CUDNN_DEFAULT_MATH, 0)                                                                          \
    X(cudnnMathType_t, CUDNN_TENSOR_OP_MATH, 1)                                                                        \
    X(cudnnMathType_t, CUDNN_FMA_MATH, 3)                                                                              \
    X(cudnnNanPropagation_t, CUDNN_PROPAGATE_NAN, 1)                                                                   \
    X(cudnnTensorFormat_t, CUDNN_TENSOR_NCHW, 0)                                                                       \
    X(cudnnTensorFormat_t, CUDNN_TENSOR_NHWC, 1)                                                                       \
    X(cudnnConvolutionMode_t, CUDNN_CONVOLUTION, 0)                                                                    \
    X(cudnnConvolutionMode_t, CUDNN_CROSS_CORRELATION, 1)                                                              \
    X(cudnnConvolutionFwdAlgo_t, CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_GEMM, 0)                                          \
    X(cudnnConvolutionFwdAlgo_t, CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_PRECOMP_GEMM, 1)                                  \
    X(cudnnConvolutionBwdDataAlgo_t, CUDNN_CONVOLUTION_BWD_DATA_ALGO_1, 1)                                             \
    X(cudnnConvolutionBwdFilterAlgo_t, CUDNN_CONVOLUTION_BWD_FILTER_ALGO_1, 1)                                         \
    X(cudnnPoolingMode_t, CUDNN_POOLING_MAX, 0)                                                                        \
    X(cudnnPoolingMode_t, CUDNN_POOLING_AVERAGE_COUNT_EXCLUDE_PADDING, 2)                                              \
    X(cudnnActivationMode_t, CUDNN_ACTIVATION_RELU, 1)                                                                 \
    X(cudnnActivationMode_t, CUDNN_ACTIVATION_IDENTITY, 5)                                                             \
    X(cudnnSoftmaxAlgorithm_t, CUDNN_SOFTMAX_ACCURATE, 1)                                                              \
    X(cudnnSoftmaxMode_t, CUDNN_SOFTMAX_MODE_INSTANCE, 0)                                                              \
    X(cudnnBatchNormMode_t, CUDNN_BATCHNORM_SPATIAL, 1)

/* what it returns, name, arguments; the first tells the version */
#define GD_CUDNN_FUNCTIONS(X)                                                                                          \
    X(size_t, cudnnGetVersion, (void))                                                                                 \
    X(const char *, cudnnGetErrorString, (cudnnStatus_t))                                                              \
    X(cudnnStatus_t, cudnnCreate, (cudnnHandle_t *))                                                                   \
    X(cudnnStatus_t, cudnnSetStream, (cudnnHandle_t, cudaStream_t))                                                    \
    X(cudnnStatus_t, cudnnCreateTensorDescriptor, (cudnnTensorDescriptor_t *))                                         \
    X(cudnnStatus_t, cudnnSetTensor4dDescriptor,                                                                       \
      (cudnnTensorDescriptor_t, cudnnTensorFormat_t, cudnnDataType_t, int n, int c, int h, int w))                     \
    X(cudnnStatus_t, cudnnDestroyTensorDescriptor, (cudnnTensorDescriptor_t))                                          \
    X(cudnnStatus_t, cudnnCreateFilterDescriptor, (cudnnFilterDescriptor_t *))                                         \
    X(cudnnStatus_t, cudnnSetFilter4dDescriptor,                                                                       \
      (cudnnFilterDescriptor_t, cudnnDataType_t, cudnnTensorFormat_t, int k, int c, int h, int w))                     \
    X(cudnnStatus_t, cudnnDestroyFilterDescriptor, (cudnnFilterDescriptor_t))                                          \
    X(cudnnStatus_t, cudnnCreateConvolutionDescriptor, (cudnnConvolutionDescriptor_t *))                               \
    X(cudnnStatus_t, cudnnSetConvolution2dDescriptor,                                                                  \
      (cudnnConvolutionDescriptor_t, int pad_h, int pad_w, int stride_h, int stride_w, int dilation_h, int dilation_w, \
       cudnnConvolutionMode_t, cudnnDataType_t compute))                                                               \
    X(cudnnStatus_t, cudnnSetConvolutionGroupCount, (cudnnConvolutionDescriptor_t, int groups))                        \
    X(cudnnStatus_t, cudnnSetConvolutionMathType, (cudnnConvolutionDescriptor_t, cudnnMathType_t))                     \
    X(cudnnStatus_t, cudnnDestroyConvolutionDescriptor, (cudnnConvolutionDescriptor_t))                                \
    X(cudnnStatus_t, cudnnGetConvolutionForwardWorkspaceSize,                                                          \
      (cudnnHandle_t, cudnnTensorDescriptor_t x, cudnnFilterDescriptor_t w, cudnnConvolutionDescriptor_t,              \
       cudnnTensorDescriptor_t y, cudnnConvolutionFwdAlgo_t, size_t * bytes))                                          \
    X(cudnnStatus_t, cudnnConvolutionForward,                                                                          \
      (cudnnHandle_t, const void *alpha, cudnnTensorDescriptor_t, const void *x, cudnnFilterDescriptor_t,              \
       const void *w, cudnnConvolutionDescriptor_t, cudnnConvolutionFwdAlgo_t, void *work, size_t work_bytes,          \
       const void *beta, cudnnTensorDescriptor_t, void *y))                                                            \
    X(cudnnStatus_t, cudnnConvolutionBiasActivationForward,                                                            \
      (cudnnHandle_t, const void *alpha1, cudnnTensorDescriptor_t, const void *x, cudnnFilterDescriptor_t,             \
       const void *w, cudnnConvolutionDescriptor_t, cudnnConvolutionFwdAlgo_t, void *work, size_t work_bytes,          \
       const void *alpha2, cudnnTensorDescriptor_t, const void *z, cudnnTensorDescriptor_t, const void *bias,          \
       cudnnActivationDescriptor_t, cudnnTensorDescriptor_t, void *y))                                                 \
    X(cudnnStatus_t, cudnnGetConvolutionBackwardDataWorkspaceSize,                                                     \
      (cudnnHandle_t, cudnnFilterDescriptor_t w, cudnnTensorDescriptor_t dy, cudnnConvolutionDescriptor_t,             \
       cudnnTensorDescriptor_t dx, cudnnConvolutionBwdDataAlgo_t, size_t * bytes))                                     \
    X(cudnnStatus_t, cudnnConvolutionBackwardData,                                                                     \
      (cudnnHandle_t, const void *alpha, cudnnFilterDescriptor_t, const void *w, cudnnTensorDescriptor_t,              \
       const void *dy, cudnnConvolutionDescriptor_t, cudnnConvolutionBwdDataAlgo_t, void *work, size_t work_bytes,     \
       const void *beta, cudnnTensorDescriptor_t, void *dx))                                                           \
    X(cudnnStatus_t, cudnnGetConvolutionBackwardFilterWorkspaceSize,                                                   \
      (cudnnHandle_t, cudnnTensorDescriptor_t x, cudnnTensorDescriptor_t dy, cudnnConvolutionDescriptor_t,             \
       cudnnFilterDescriptor_t dw, cudnnConvolutionBwdFilterAlgo_t, size_t * bytes))                                   \
    X(cudnnStatus_t, cudnnConvolutionBackwardFilter,                                                                   \
      (cudnnHandle_t, const void *alpha, cudnnTensorDescriptor_t, const void *x, cudnnTensorDescriptor_t,              \
       const void *dy, cudnnConvolutionDescriptor_t, cudnnConvolutionBwdFilterAlgo_t, void *work, size_t work_bytes,   \
       const void *beta, cudnnFilterDescriptor_t, void *dw))                                                           \
    X(cudnnStatus_t, cudnnCreateActivationDescriptor, (cudnnActivationDescriptor_t *))                                 \
    X(cudnnStatus_t, cudnnSetActivationDescriptor,                                                                     \
      (cudnnActivationDescriptor_t, cudnnActivationMode_t, cudnnNanPropagation_t, double coefficient))                 \
    X(cudnnStatus_t, cudnnDestroyActivationDescriptor, (cudnnActivationDescriptor_t))                                  \
    X(cudnnStatus_t, cudnnActivationForward,                                                                           \
      (cudnnHandle_t, cudnnActivationDescriptor_t, const void *alpha, cudnnTensorDescriptor_t, const void *x,          \
       const void *beta, cudnnTensorDescriptor_t, void *y))                                                            \
    X(cudnnStatus_t, cudnnCreatePoolingDescriptor, (cudnnPoolingDescriptor_t *))                                       \
    X(cudnnStatus_t, cudnnSetPooling2dDescriptor,                                                                      \
      (cudnnPoolingDescriptor_t, cudnnPoolingMode_t, cudnnNanPropagation_t, int h, int w, int pad_h, int pad_w,        \
       int stride_h, int stride_w))                                                                                    \
    X(cudnnStatus_t, cudnnDestroyPoolingDescriptor, (cudnnPoolingDescriptor_t))                                        \
    X(cudnnStatus_t, cudnnPoolingForward,                                                                              \
      (cudnnHandle_t, cudnnPoolingDescriptor_t, const void *alpha, cudnnTensorDescriptor_t, const void *x,             \
       const void *beta, cudnnTensorDescriptor_t, void *y))                                                            \
    X(cudnnStatus_t, cudnnPoolingBackward,                                                                             \
      (cudnnHandle_t, cudnnPoolingDescriptor_t, const void *alpha, cudnnTensorDescriptor_t, const void *y,             \
       cudnnTensorDescriptor_t, const void *dy, cudnnTensorDescriptor_t, const void *x, const void *beta,              \
       cudnnTensorDescriptor_t, void *dx))                                                                             \
    X(cudnnStatus_t, cudnnSoftmaxForward,                                                                              \
      (cudnnHandle_t, cudnnSoftmaxAlgorithm_t, cudnnSoftmaxMode_t, const void *alpha, cudnnTensorDescriptor_t,         \
       const void *x, const void *beta, cudnnTensorDescriptor_t, void *y))                                             \
    X(cudnnStatus_t, cudnnBatchNormalizationForwardInference,                                                          \
      (cudnnHandle_t, cudnnBatchNormMode_t, const void *alpha, const void *beta, cudnnTensorDescriptor_t,              \
       const void *x, cudnnTensorDescriptor_t, void *y, cudnnTensorDescriptor_t per_channel, const void *scale,        \
       const void *shift, const void *mean, const void *variance, double epsilon))

/* The real header has the types, too. */
#ifndef CUDNN_H_
typedef enum gd_cudnn_value {
#define GD_CUDNN_VALUE(type, name, value) name = value,
    GD_CUDNN_VALUES(GD_CUDNN_VALUE)
#undef GD_CUDNN_VALUE
} gd_cudnn_value;
typedef gd_cudnn_value cudnnStatus_t, cudnnDataType_t, cudnnMathType_t, cudnnNanPropagation_t, cudnnTensorFormat_t;
typedef gd_cudnn_value cudnnConvolutionMode_t, cudnnConvolutionFwdAlgo_t, cudnnConvolutionBwdDataAlgo_t;
typedef gd_cudnn_value cudnnConvolutionBwdFilterAlgo_t, cudnnPoolingMode_t, cudnnActivationMode_t;
typedef gd_cudnn_value cudnnSoftmaxAlgorithm_t, cudnnSoftmaxMode_t, cudnnBatchNormMode_t;

typedef struct cudnnContext *cudnnHandle_t;
typedef struct cudnnTensorStruct *cudnnTensorDescriptor_t;
typedef struct cudnnFilterStruct *cudnnFilterDescriptor_t;
typedef struct cudnnConvolutionStruct *cudnnConvolutionDescriptor_t;
typedef struct cudnnActivationStruct *cudnnActivationDescriptor_t;
typedef struct cudnnPoolingStruct *cudnnPoolingDescriptor_t;
#endif

#endif
