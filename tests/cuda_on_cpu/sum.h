// SPDX-License-Identifier: Apache-2.0
/* c + a · b as a tensor core adds. */
#ifndef CUDA_ON_CPU_SUM_H
#define CUDA_ON_CPU_SUM_H

#include "emulator.h"

namespace emulator
{
float tensor_sum(float c, const uint16_t *a, const uint16_t *b, int k, element);
}

#endif
