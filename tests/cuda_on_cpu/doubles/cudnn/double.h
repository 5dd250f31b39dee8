// SPDX-License-Identifier: Apache-2.0
/* cuDNN, as far as Griddle calls it, with its ABI. It takes note of descriptors, holds each call against what the real
 * one demands of it (what is wrong is a finding), and computes what the descriptors say, by the CPU's references, on
 * the emulated card: a translation that is wrong gives wrong numbers.
 *
 *     GRIDDLE_DOUBLE_VERSION   what cudnnGetVersion answers. 91002, which has every card
 *     GRIDDLE_DOUBLE_CREATE    "fails": no handle can be made
 *     GRIDDLE_DOUBLE_SCRATCH   "none": no algorithm needs any; "huge": each that needs some wants 2 GiB
 *     GRIDDLE_DOUBLE_RECORD    a file that gets a line for each call
 *
 *     descriptor.cc   handle, descriptors, and what is wrong with them
 *     number.cc       tensors to dense NHWC floats and back, blending of results with what was there
 *     convolution.cc, pool.cc, pointwise.cc
 *
 * A convolution or window whose sides differ is a finding, too: there is none in Griddle.
 */
#ifndef CUDNN_DOUBLE_H
#define CUDNN_DOUBLE_H

#include "cudnn/abi.h"
#include "doubles/device.h"
#include "op/op.h"

#include <cstdint>
#include <initializer_list>
#include <string>
#include <type_traits>
#include <vector>

#define GD_CUDNN_DECLARE(type, name, arguments) extern "C" __attribute__((visibility("default"))) type name arguments;
GD_CUDNN_FUNCTIONS(GD_CUDNN_DECLARE)
#undef GD_CUDNN_DECLARE

struct cudnnContext {
    int sm; // of the card
    cudaStream_t stream;
};

/* Where element (n,c,h,w) lies, in elements: n*stride[0] + c*stride[1] + … */
struct cudnnTensorStruct {
    bool is_set = false;
    cudnnDataType_t type;
    int dim[4]; // n c h w
    size_t stride[4];
    size_t count() const { return (size_t)dim[0] * dim[1] * dim[2] * dim[3]; }
};
struct cudnnFilterStruct : cudnnTensorStruct { // k c r s
};
struct cudnnConvolutionStruct {
    bool is_set = false;
    int pad[2], stride[2], dilation[2], groups = 1;
    cudnnConvolutionMode_t mode;
    cudnnDataType_t compute;
    cudnnMathType_t math = CUDNN_DEFAULT_MATH;
};
struct cudnnActivationStruct {
    bool is_set = false;
    cudnnActivationMode_t mode;
    cudnnNanPropagation_t nan;
};
struct cudnnPoolingStruct {
    bool is_set = false;
    cudnnPoolingMode_t mode;
    cudnnNanPropagation_t nan;
    int window[2], pad[2], stride[2];
};

namespace cudnn_double
{
std::string setting(const char *name); // of the environment; "" where it is not set
void record(const char *format, ...) __attribute__((format(printf, 1, 2)));
std::string text(const cudnnTensorStruct &); // "f16 2x8x8x16 nhwc": n h w c

/* A finding, and what cuDNN would answer. */
#define refuse(why) (gd_double::wrong_call(__func__, why), CUDNN_STATUS_BAD_PARAM)

/* Same dimensions, type and strides. */
bool is_alike(const cudnnTensorStruct &, const cudnnTensorStruct &);

// ---- numbers ----
using Numbers = std::vector<float>; // dense, NHWC
size_t bytes_of(const cudnnTensorStruct &);
Numbers read(const cudnnTensorStruct &, const void *from);
/* to = alpha result + beta to */
void write(const cudnnTensorStruct &, void *to, const Numbers &result, float alpha, float beta);

inline gd_emulated_span reads(const cudnnTensorStruct &t, const void *at)
{
    return {const_cast<void *>(at), bytes_of(t), false};
}
inline gd_emulated_span writes(const cudnnTensorStruct &t, void *at) { return {at, bytes_of(t), true}; }

/* Puts work behind what is in the handle's stream. It is copied: descriptors may be gone when the stream gets there.
 * Pointers must be multiples of 4 bytes (cuDNN's release notes, "Limitations"). */
template <class Work>
cudnnStatus_t launch(cudnnHandle_t handle, const char *name, std::initializer_list<gd_emulated_span> spans, Work work)
{
    static_assert(std::is_trivially_copyable_v<Work>);
    for (const gd_emulated_span &span : spans)
        if (reinterpret_cast<uintptr_t>(span.at) % 4)
            gd_double::wrong_call(name, "a pointer that is not aligned to 4 bytes");
    auto run = [](const void *argument) { (*static_cast<const Work *>(argument))(); };
    cudaError_t error =
        gd_double::library_call()(handle->stream, name, spans.begin(), (int)spans.size(), run, &work, sizeof work);
    return error == cudaSuccess ? CUDNN_STATUS_SUCCESS : CUDNN_STATUS_EXECUTION_FAILED;
}

/* A problem of f32, whose shapes follow from the input's and the settings, and the call of its reference. */
struct Posed {
    gd_problem problem;
    gd_call call;
    Posed(const gd_op &, const void *settings, gd_desc input, bool training = false);
    void compute(gd_status (*run)(const gd_call *, const gd_ctx *));
};

inline float number(const void *scalar) { return *static_cast<const float *>(scalar); }
} // namespace cudnn_double

#endif
