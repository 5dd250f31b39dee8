// SPDX-License-Identifier: Apache-2.0
#include "device/device.h"

#include <stdlib.h>
#include <string.h>

uint32_t gd_cpu_features(void)
{
    uint32_t features = 0;
#if defined(__x86_64__) && defined(__GNUC__)
    __builtin_cpu_init(); /* asks the system too: no AVX-512 where it does not save the registers */
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        features |= GD_AVX2;
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512vl"))
        features |= GD_AVX512;
    if ((features & GD_AVX512) && __builtin_cpu_supports("avx512bf16"))
        features |= GD_AVX512_BF16;
#endif
    const char *cap = getenv("GRIDDLE_ISA");
    if (cap && strcmp(cap, "portable") == 0)
        features = 0;
    else if (cap && strcmp(cap, "avx2") == 0)
        features &= GD_AVX2;
    else if (cap && strcmp(cap, "avx512") == 0)
        features &= GD_AVX2 | GD_AVX512;
    return features;
}
