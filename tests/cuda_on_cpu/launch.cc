// SPDX-License-Identifier: Apache-2.0
/* A launch puts the kernel in its stream's queue. */
#include "launch.h"

#include "block.h"
#include "check.h"
#include "clock.h"
#include "doubles/card.h"
#include "finding.h"
#include "range.h"
#include "stream.h"

#include <cstring>
#include <memory>
#include <vector>

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

/* What the call does to the card's memory is checked as a copy's is: it is there, was written, and no race. */
cudaError_t gd_emulator_library_call(cudaStream_t handle, const char *name, const gd_emulated_span *spans, int n,
                                     void (*work)(const void *), const void *argument, size_t bytes)
{
    using namespace emulator;
    Call call("cudaLaunchKernel", cudaErrorLaunchOutOfResources);
    if (call.failed())
        return call.failure();
    Stream *stream = stream_of(handle);
    if (!stream)
        return call.fail(cudaErrorInvalidResourceHandle);
    range_launch(name);
    std::shared_ptr<char[]> kept(new char[bytes]);
    memcpy(kept.get(), argument, bytes);
    enqueue(*stream, [label = std::string(name), all = std::vector<gd_emulated_span>(spans, spans + n), kept, work] {
        char here;
        for (const gd_emulated_span &span : all)
            if (!(span.is_written ? check_copy(span.at, nullptr, span.bytes) : check_copy(&here, span.at, span.bytes)))
                return;
        work(kept.get());
        clock_advance(label.c_str());
    });
    return cudaSuccess;
}

void gd_emulator_wrong_call(const char *function, const char *why)
{
    emulator::finding("a wrong call of a library", nullptr, "%s: %s", function, why);
}

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
