// SPDX-License-Identifier: Apache-2.0
/* What a card allows of a launch. */
#ifndef CUDA_ON_CPU_LAUNCH_H
#define CUDA_ON_CPU_LAUNCH_H

#include "emulator.h"

#include <string>

namespace emulator
{
cudaError_t judge_launch(const Kernel &);
cudaError_t allow_shared(const void *function, size_t bytes);
std::string describe_shared(const void *);
} // namespace emulator

#endif
