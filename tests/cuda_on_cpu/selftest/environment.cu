// SPDX-License-Identifier: Apache-2.0
/* What the GRIDDLE_EMULATED_ variables promise; the test that each belongs to sets them (CMakeLists.txt). */
#include "selftest.h"

#include <cstring>

TEST(no_device)
{
    int count = 7;
    void *memory;
    REQUIRE(cudaGetDeviceCount(&count) == cudaErrorNoDevice && count == 0);
    REQUIRE(cudaMalloc(&memory, 16) == cudaErrorNoDevice);
    return strcmp(cudaGetErrorName(cudaGetLastError()), "cudaErrorNoDevice") == 0;
}

TEST(small_memory)
{
    void *most, *more;
    size_t free_bytes, total_bytes;
    WORKS(cudaMalloc(&most, 900000));
    REQUIRE(cudaMalloc(&more, 200000) == cudaErrorMemoryAllocation);
    REQUIRE(cudaGetLastError() == cudaErrorMemoryAllocation && cudaGetLastError() == cudaSuccess);
    WORKS(cudaMemGetInfo(&free_bytes, &total_bytes));
    REQUIRE(free_bytes == 100000 && total_bytes == 1000000);
    WORKS(cudaFree(most));
    WORKS(cudaMalloc(&more, 200000));
    WORKS(cudaFree(more));
    return true;
}

TEST(third_malloc_fails)
{
    for (int i = 1; i <= 4; i++) {
        void *memory;
        REQUIRE(cudaMalloc(&memory, 64) == (i == 3 ? cudaErrorMemoryAllocation : cudaSuccess));
    }
    return true;
}

TEST(second_wait_fails)
{
    WORKS(cudaStreamSynchronize(nullptr));
    REQUIRE(cudaStreamSynchronize(nullptr) == cudaErrorIllegalAddress);
    void *memory;
    REQUIRE(cudaMalloc(&memory, 64) == cudaErrorIllegalAddress); // and from now on
    return true;
}

__global__ void nothing(int) {}
__global__ void other(int) {}

/* TIME=nothing:30: a kernel takes what is said of it, where the stream gets to it; another takes none. */
TEST(timed)
{
    cudaEvent_t event[3];
    float first, second;
    for (cudaEvent_t &e : event)
        WORKS(cudaEventCreate(&e));
    WORKS(cudaEventRecord(event[0], nullptr));
    WORKS(GD_LAUNCH(nothing, 1, 32, 0, nullptr, 1));
    WORKS(GD_LAUNCH(nothing, 1, 32, 0, nullptr, 2));
    WORKS(cudaEventRecord(event[1], nullptr));
    WORKS(GD_LAUNCH(other, 1, 32, 0, nullptr, 3));
    WORKS(cudaEventRecord(event[2], nullptr));
    REQUIRE(cudaEventElapsedTime(&first, event[0], event[1]) == cudaErrorNotReady);
    WORKS(cudaEventSynchronize(event[2]));
    WORKS(cudaEventElapsedTime(&first, event[0], event[1]));
    WORKS(cudaEventElapsedTime(&second, event[1], event[2]));
    for (cudaEvent_t e : event)
        WORKS(cudaEventDestroy(e));
    return first > 0.0599f && first < 0.0601f && second == 0;
}

__global__ void strided(float *y) { y[threadIdx.x * 32] = 1; }

TEST(profiled)
{
    Device<float> y(1024);
    WORKS(GD_LAUNCH(strided, 1, 32, 0, nullptr, y.data));
    WORKS(cudaDeviceSynchronize());
    return true;
}

/* 2^24 + 1.5 + 1.5: floats are 2 apart there. The sum that rounds once is 2^24 + 4; V100's, whose terms are cut off
 * below the 24th bit before they are added, loses both halves and then one more bit. */
__global__ void three_numbers(float *y)
{
    GD_SHARED(__half, a, [256]);
    GD_SHARED(__half, b, [256]);
    GD_SHARED(float, c, [256]);
    for (int i = (int)threadIdx.x; i < 256; i += 32) {
        a[i] = gd_store<__half>(i % 16 < 2 ? 1.5f : 0.0f);
        b[i] = gd_store<__half>(1);
    }
    __syncwarp();
    gd_frag_a<__half> fa;
    gd_frag_b<__half> fb;
    gd_frag_c sum;
    gd_frag_load_a(fa, a, 16);
    gd_frag_load_b(fb, b, 16);
    gd_frag_fill(sum, 0x1p24f);
    gd_mma(sum, fa, fb);
    gd_frag_store(c, 16, sum);
    __syncwarp();
    y[threadIdx.x] = c[threadIdx.x];
}

static bool sums_to(float want)
{
    Device<float> y(32);
    WORKS(GD_LAUNCH(three_numbers, 1, 32, 0, nullptr, y.data));
    REQUIRE(y.get()[3] == want);
    return true;
}

TEST(sum_rounded) { return sums_to(0x1p24f + 4); }
TEST(sum_cut_off) { return sums_to(0x1p24f); }

__global__ void locals(float *y, float from)
{
    float values[64];
    for (int i = 0; i < 64; i++)
        values[(i * 7 + (int)threadIdx.x) % 64] = from + (float)i;
    y[threadIdx.x] = values[threadIdx.x];
}

/* Waiting for the card, and memory, are not for captures. */
TEST(refused_in_capture)
{
    Device<float> y(64);
    cudaStream_t stream;
    cudaGraph_t graph;
    void *memory;
    WORKS(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
    WORKS(cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal));
    REQUIRE(cudaMalloc(&memory, 64) == cudaErrorStreamCaptureUnsupported);
    REQUIRE(cudaStreamSynchronize(stream) == cudaErrorStreamCaptureUnsupported);
    REQUIRE(cudaDeviceSynchronize() == cudaErrorStreamCaptureUnsupported);
    WORKS(GD_LAUNCH(locals, 1, 64, 0, stream, y.data, 1));
    WORKS(cudaStreamEndCapture(stream, &graph));
    WORKS(cudaGraphDestroy(graph));
    WORKS(cudaStreamDestroy(stream));
    return true;
}

TEST(too_old_a_card)
{
    Device<float> y(64);
    return GD_LAUNCH(locals, 1, 64, 0, nullptr, y.data, 1) == cudaErrorNoKernelImageForDevice;
}

/* A copy that is refused, a handle that is none, a shape that cannot be. */
TEST(refusals)
{
    Device<float> y(64);
    float host[64];
    REQUIRE(cudaMemcpy(host, y.data, sizeof host, cudaMemcpyHostToDevice) == cudaErrorInvalidValue);
    REQUIRE(cudaFree(y.data + 1) == cudaErrorInvalidValue);
    REQUIRE(cudaStreamSynchronize((cudaStream_t)host) == cudaErrorInvalidResourceHandle);
    REQUIRE(GD_LAUNCH(locals, 1, 1025, 0, nullptr, y.data, 1) == cudaErrorInvalidConfiguration);
    REQUIRE(GD_LAUNCH(locals, 0, 64, 0, nullptr, y.data, 1) == cudaErrorInvalidConfiguration);
    WORKS(GD_LAUNCH(locals, 1, 64, 0, nullptr, y.data, 1));
    WORKS(cudaMemcpy(host, y.data, sizeof host, cudaMemcpyDeviceToHost));
    REQUIRE(host[0] == 1);
    return true;
}
