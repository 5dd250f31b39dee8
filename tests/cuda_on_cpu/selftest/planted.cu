// SPDX-License-Identifier: Apache-2.0
/* One bug each. That the program does not come out right is not enough: the checker has to say what is wrong. */
#include "selftest.h"

/* Two blocks; the program under test hears of what the checker found. */
#define RUN(kernel, threads, ...)                                                                                      \
    GD_LAUNCH(kernel, 2, threads, 0, nullptr, __VA_ARGS__);                                                            \
    return cudaDeviceSynchronize() == cudaErrorLaunchFailure

__global__ void no_syncthreads(float *y)
{
    GD_SHARED(float, s, [64]);
    s[threadIdx.x] = (float)threadIdx.x;
    float other = s[63 - threadIdx.x];
    y[blockIdx.x * 64 + threadIdx.x] = other;
}

TEST(missing_syncthreads)
{
    Device<float> y(128);
    RUN(no_syncthreads, 64, y.data);
}

__global__ void no_syncwarp(float *y)
{
    GD_SHARED(float, s, [32]);
    s[threadIdx.x] = (float)threadIdx.x;
    __syncwarp();
    float other = s[31 - threadIdx.x];
    s[threadIdx.x] = other; // while the lane it came from may not have read yet
    __syncwarp();
    y[blockIdx.x * 32 + threadIdx.x] = s[threadIdx.x];
}

TEST(missing_syncwarp)
{
    Device<float> y(64);
    RUN(no_syncwarp, 32, y.data);
}

__global__ void shared_overrun(float *y)
{
    GD_SHARED(float, array, [33]);
    float *s = array; // the compiler forgets how long it is
    s[threadIdx.x + 2] = 1;
    __syncthreads();
    y[blockIdx.x * 32 + threadIdx.x] = s[threadIdx.x + 1];
}

TEST(past_shared)
{
    Device<float> y(64);
    RUN(shared_overrun, 32, y.data);
}

__global__ void register_overrun(float *y, int n)
{
    float mine[4];
    for (int i = 0; i < n; i++)
        mine[i] = (float)i;
    y[blockIdx.x * 32 + threadIdx.x] = mine[threadIdx.x % 4];
}

TEST(past_registers)
{
    Device<float> y(64);
    RUN(register_overrun, 32, y.data, 5);
}

__global__ void write_all(float *y) { y[blockIdx.x * blockDim.x + threadIdx.x] = 1; }

TEST(past_global)
{
    Device<float> y(63), next(64);
    RUN(write_all, 32, y.data);
}

TEST(used_after_free)
{
    float *freed;
    {
        Device<float> y(64);
        freed = y.data;
    }
    RUN(write_all, 32, freed);
}

__global__ void read_first(float *y, const float *x)
{
    GD_SHARED(float, s, [32]);
    if (threadIdx.x != 5)
        s[threadIdx.x] = x ? x[threadIdx.x] : 1;
    __syncthreads();
    y[blockIdx.x * 32 + threadIdx.x] = s[threadIdx.x];
}

TEST(unwritten_shared)
{
    Device<float> y(64);
    RUN(read_first, 32, y.data, (const float *)nullptr);
}

TEST(unwritten_global)
{
    Device<float> y(64), x(64);
    RUN(read_first, 32, y.data, (const float *)x.data);
}

__global__ void half_a_barrier(float *y)
{
    if (threadIdx.x < 32)
        __syncthreads();
    y[blockIdx.x * 64 + threadIdx.x] = 1;
}

TEST(divergent_barrier)
{
    Device<float> y(128);
    RUN(half_a_barrier, 64, y.data);
}

__global__ void two_barriers(float *y)
{
    if (threadIdx.x < 32)
        __syncthreads();
    else
        __syncthreads();
    y[blockIdx.x * 64 + threadIdx.x] = 1;
}

TEST(different_barriers)
{
    Device<float> y(128);
    RUN(two_barriers, 64, y.data);
}

__global__ void lanes_apart(float *y)
{
    float value = 1;
    if (threadIdx.x % 32 < 16)
        value = __shfl_xor_sync(0xffffffff, value, 1);
    __syncthreads();
    y[blockIdx.x * 64 + threadIdx.x] = value;
}

TEST(lanes_wait_for_ever)
{
    Device<float> y(128);
    RUN(lanes_apart, 64, y.data);
}

__global__ void no_copy_wait(float *y, const float *x)
{
    GD_SHARED(float, s, [128]);
    gd_copy_async16(s + threadIdx.x * 4, x + threadIdx.x * 4, true);
    gd_copy_commit();
    gd_copy_wait<1>(); // one group may be left, and that is this one
    __syncthreads();
    y[blockIdx.x * 32 + threadIdx.x] = s[threadIdx.x];
    gd_copy_wait<0>();
}

TEST(missing_copy_wait)
{
    Device<float> y(64), x(samples<float>(128));
    RUN(no_copy_wait, 32, y.data, (const float *)x.data);
}

__global__ void load_askew(float *y, const float *x)
{
    y[blockIdx.x * 32 + threadIdx.x] = gd_vector_load(x + threadIdx.x * 4 + 1).at[0];
}

TEST(misaligned_vector)
{
    Device<float> y(64), x(samples<float>(132));
    RUN(load_askew, 32, y.data, (const float *)x.data);
}

__global__ void shuffle_of_few(float *y)
{
    if (threadIdx.x >= 16)
        return;
    y[blockIdx.x * 16 + threadIdx.x] = __shfl_xor_sync(0xffffffff, (float)threadIdx.x, 16);
}

TEST(inactive_shuffle)
{
    Device<float> y(64);
    RUN(shuffle_of_few, 32, y.data);
}

/* Writing each its own half of a word is no race; reading the neighbour's is. */
__global__ void halves(__half *y)
{
    GD_SHARED(__half, s, [64]);
    s[threadIdx.x] = gd_store<__half>(1);
    y[blockIdx.x * 64 + threadIdx.x] = s[threadIdx.x];
    if (threadIdx.x == 40)
        y[blockIdx.x * 64 + 40] = s[41];
}

TEST(half_neighbours)
{
    Device<__half> y(128);
    RUN(halves, 64, y.data);
}

__global__ void write_one(float *y)
{
    if (threadIdx.x == 0)
        *y = (float)blockIdx.x;
}

TEST(two_blocks_one_word)
{
    Device<float> y(1);
    RUN(write_one, 32, y.data);
}

TEST(host_pointer)
{
    std::vector<float> y(64);
    RUN(write_all, 32, y.data());
}
