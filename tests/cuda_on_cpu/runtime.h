// SPDX-License-Identifier: Apache-2.0
/* What every call of the runtime does: one lock for the whole card, the injected failures, the error that sticks, the
 * last error of the calling thread.
 */
#ifndef CUDA_ON_CPU_RUNTIME_H
#define CUDA_ON_CPU_RUNTIME_H

#include "cuda_runtime_api.h"

#include <mutex>

namespace emulator
{
/* Made at the head of a call. failed() says that the call must not go on: no device, an error that sticks, or this is
 * the call that GRIDDLE_EMULATED_FAIL names, which then fails with `injected`. */
class Call
{
    std::lock_guard<std::recursive_mutex> lock;
    cudaError_t error;

  public:
    Call(const char *name, cudaError_t injected);
    bool failed() const { return error != cudaSuccess; }
    cudaError_t failure() const { return error; }
    cudaError_t fail(cudaError_t); // sets the thread's last error
    cudaError_t finish();          // the error that sticks, if work that was waited for has failed
};

/* An error from which a context does not come back: every later call returns it. */
void stick(cudaError_t);
bool is_failure_due(const char *name); // counts down GRIDDLE_EMULATED_FAIL

/* Runs all work of all streams. */
void drain();
} // namespace emulator

#endif
