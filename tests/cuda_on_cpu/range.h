// SPDX-License-Identifier: Apache-2.0
#ifndef CUDA_ON_CPU_RANGE_H
#define CUDA_ON_CPU_RANGE_H

namespace emulator
{
/* Tells of a kernel or a graph that is put into a stream, in the ranges that are open. */
void range_launch(const char *what);
} // namespace emulator

#endif
