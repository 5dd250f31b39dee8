// SPDX-License-Identifier: Apache-2.0
/* A library with the runtime inside, as libgriddle-cuda is in tests. */
#include "kernel/machine.cuh"

__global__ void square_sum(float *y, const float *x)
{
    float value = x[threadIdx.x], sum = gd_block_sum(value * value);
    if (threadIdx.x == 0)
        *y = sum;
}

extern "C" __attribute__((visibility("default"))) float plugin_square_sum(const float *x, int n)
{
    float *device, result = -1;
    if (cudaMalloc(reinterpret_cast<void **>(&device), sizeof(float) * (size_t)(n + 1)) != cudaSuccess)
        return -2;
    cudaMemcpy(device, x, sizeof(float) * (size_t)n, cudaMemcpyHostToDevice);
    GD_LAUNCH(square_sum, 1, (unsigned)n, 0, nullptr, device + n, device);
    cudaMemcpy(&result, device + n, sizeof result, cudaMemcpyDeviceToHost);
    cudaFree(device);
    return result;
}
