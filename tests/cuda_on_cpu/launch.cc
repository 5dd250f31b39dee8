// SPDX-License-Identifier: Apache-2.0
/* A launch puts the kernel in its stream's queue. */
#include "launch.h"

#include "block.h"
#include "clock.h"
#include "range.h"
#include "stream.h"

namespace emulator
{
cudaError_t launch(Kernel kernel, cudaStream_t handle)
{
    Call call("cudaLaunchKernel", cudaErrorLaunchOutOfResources);
    if (call.failed())
        return call.failure();
    Stream *stream = stream_of(handle);
    if (!stream)
        return call.fail(cudaErrorInvalidResourceHandle);
    cudaError_t error = judge_launch(kernel);
    if (error != cudaSuccess)
        return call.fail(error);
    range_launch(kernel.name);
    enqueue(*stream, [kernel] {
        run_kernel(kernel);
        clock_advance(kernel.name);
    });
    return cudaSuccess;
}
} // namespace emulator

cudaError_t cudaFuncSetAttribute(const void *function, cudaFuncAttribute attribute, int value)
{
    emulator::Call call("cudaFuncSetAttribute", cudaErrorUnknown);
    if (call.failed())
        return call.failure();
    if (attribute != cudaFuncAttributeMaxDynamicSharedMemorySize)
        return cudaSuccess;
    cudaError_t error = value < 0 ? cudaErrorInvalidValue : emulator::allow_shared(function, (size_t)value);
    return error == cudaSuccess ? error : call.fail(error);
}
