// SPDX-License-Identifier: Apache-2.0
/* The card's clock, which events read. It goes on by what GRIDDLE_EMULATED_TIME says of each kernel: how long the
 * execution here takes says nothing.
 */
#ifndef CUDA_ON_CPU_CLOCK_H
#define CUDA_ON_CPU_CLOCK_H

namespace emulator
{
double clock_now(); // microseconds
void clock_advance(const char *name);
} // namespace emulator

#endif
