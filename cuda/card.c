// SPDX-License-Identifier: Apache-2.0
#include "card.h"

#include <cuda_runtime_api.h>
#include <stdio.h>

enum { OLDEST = 70 };

static gd_card card; /* written once, by gd_card_open */

static gd_status refuse(cudaError_t reason, int driver, int runtime, gd_error *error)
{
    if (driver == 0)
        return gd_fail(error, GD_UNSUPPORTED, "there is no NVIDIA driver on this machine");
    if (reason == cudaErrorInsufficientDriver)
        return gd_fail(error, GD_DEVICE,
                       "the NVIDIA driver is for CUDA %d.%d, and this griddle was built with %d.%d: update the driver",
                       driver / 1000, driver % 1000 / 10, runtime / 1000, runtime % 1000 / 10);
    if (reason == cudaErrorNoDevice || reason == cudaSuccess)
        return gd_fail(error, GD_DEVICE, "there is no GPU that CUDA can see (CUDA_VISIBLE_DEVICES?)");
    return gd_fail(error, GD_DEVICE, "cuda: %s (%s)", cudaGetErrorString(reason), cudaGetErrorName(reason));
}

gd_status gd_card_open(gd_error *error)
{
    struct cudaDeviceProp found;
    int count = 0, driver = 0, runtime = 0;
    if (card.sm)
        return GD_OK;
    cudaDriverGetVersion(&driver);
    cudaRuntimeGetVersion(&runtime);
    cudaError_t reason = cudaGetDeviceCount(&count);
    if (reason != cudaSuccess || count == 0)
        return refuse(reason, driver, runtime, error);
    reason = cudaGetDeviceProperties(&found, 0);
    if (reason == cudaSuccess)
        reason = cudaSetDevice(0);
    if (reason != cudaSuccess)
        return refuse(reason, driver, runtime, error);
    int sm = 10 * found.major + found.minor;
    if (sm < OLDEST)
        return gd_fail(error, GD_DEVICE, "%s is of architecture sm_%d, and the oldest served is sm_%d", found.name, sm,
                       OLDEST);
    card = (gd_card){.sm = sm,
                     .multiprocessors = found.multiProcessorCount,
                     .cards = count,
                     .shared_bytes = found.sharedMemPerBlockOptin,
                     .memory_bytes = found.totalGlobalMem,
                     .driver = driver,
                     .runtime = runtime};
    snprintf(card.name, sizeof card.name, "%s", found.name);
    return GD_OK;
}

const gd_card *gd_card_get(void) { return &card; }
