// SPDX-License-Identifier: Apache-2.0
/* What is wrong with the program under test. The first finding makes every later call of the runtime fail with
 * cudaErrorLaunchFailure; a process with findings ends with exit code 4.
 */
#ifndef CUDA_ON_CPU_FINDING_H
#define CUDA_ON_CPU_FINDING_H

#include <string>

namespace emulator
{
/* Says it once for each kind and place. `pc` is a return address into the code that did it, NULL where the message
 * itself says where. */
__attribute__((format(printf, 3, 4))) void finding(const char *kind, const void *pc, const char *format, ...);
std::string source_line(const void *pc); // "conv2d.cu:81", as well as it can be known
} // namespace emulator

#endif
