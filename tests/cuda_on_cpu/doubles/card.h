// SPDX-License-Identifier: Apache-2.0
/* What a double of one of NVIDIA's libraries asks of the emulated card. The double is a library of its own, as the real
 * one is; the device that loads it exports this.
 */
#ifndef CUDA_ON_CPU_DOUBLES_CARD_H
#define CUDA_ON_CPU_DOUBLES_CARD_H

#include "cuda_runtime_api.h"

struct gd_emulated_span {
    void *at;
    size_t bytes;
    bool is_written; // else it is read
};

/* Puts work(argument) into a stream, under `name` for ranges and the clock; `bytes` of the argument are copied. */
extern "C" __attribute__((visibility("default"))) cudaError_t
gd_emulator_library_call(cudaStream_t, const char *name, const gd_emulated_span *, int n_spans,
                         void (*work)(const void *argument), const void *argument, size_t bytes);

/* A finding: the call is one that the real library would refuse, or would answer with wrong numbers. */
extern "C" __attribute__((visibility("default"))) void gd_emulator_wrong_call(const char *function, const char *why);

#endif
