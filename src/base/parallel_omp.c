// SPDX-License-Identifier: Apache-2.0
#include "base/parallel.h"

#include <omp.h>

void gd_parallel_for(int threads, int64_t n, int64_t grain, void (*body)(void *, int64_t, int64_t), void *argument)
{
    int64_t pieces = n > 0 ? (n + grain - 1) / grain : 0;
    if (pieces <= 1 || threads <= 1) {
        for (int64_t i = 0; i < pieces; i++)
            body(argument, i * grain, i + 1 < pieces ? (i + 1) * grain : n);
        return;
    }
#pragma omp parallel for schedule(static) num_threads(threads)
    for (int64_t i = 0; i < pieces; i++)
        body(argument, i * grain, i + 1 < pieces ? (i + 1) * grain : n);
}

int gd_parallel_threads(void) { return omp_get_max_threads(); }

void gd_parallel_limit(int threads) { omp_set_num_threads(threads); }
