// SPDX-License-Identifier: Apache-2.0
/* Bugs of the host's side. What a program forgot to wait for shows as a wrong answer; a launch that a card does not
 * allow, as the error it gives. A test returns false, as it should.
 */
#include "selftest.h"

__global__ void fill(float *y, float value) { y[threadIdx.x] = value; }

TEST(missing_event)
{
    cudaStream_t first, second;
    Device<float> y(32);
    WORKS(cudaStreamCreateWithFlags(&first, cudaStreamNonBlocking));
    WORKS(cudaStreamCreateWithFlags(&second, cudaStreamNonBlocking));
    GD_LAUNCH(fill, 1, 32, 0, first, y.data, 1);
    GD_LAUNCH(fill, 1, 32, 0, second, y.data, 2);
    WORKS(cudaStreamSynchronize(first));
    WORKS(cudaStreamSynchronize(second));
    return true;
}

TEST(host_reads_early)
{
    float *host;
    Device<float> y(32);
    cudaStream_t stream;
    WORKS(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
    WORKS(cudaMallocHost(reinterpret_cast<void **>(&host), 32 * sizeof *host));
    GD_LAUNCH(fill, 1, 32, 0, stream, y.data, 1);
    WORKS(cudaMemcpyAsync(host, y.data, 32 * sizeof *host, cudaMemcpyDeviceToHost, stream));
    bool is_right = host[7] == 1;
    WORKS(cudaStreamSynchronize(stream));
    REQUIRE(host[7] == 1);
    return is_right;
}

TEST(host_buffer_reused)
{
    float host = 1;
    Device<float> y(1);
    cudaStream_t stream;
    WORKS(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
    WORKS(cudaMemcpyAsync(y.data, &host, sizeof host, cudaMemcpyHostToDevice, stream));
    host = 2; // the copy has not been made yet
    WORKS(cudaStreamSynchronize(stream));
    return y.get()[0] == 1;
}

/* cudaMemset and cudaMemcpy to the card return before they are done, and other streams do not wait for stream 0. */
TEST(memset_not_waited_for)
{
    Device<float> y(32);
    cudaStream_t stream;
    WORKS(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
    WORKS(cudaMemset(y.data, 0, 32 * sizeof(float)));
    GD_LAUNCH(fill, 1, 32, 0, stream, y.data, 1);
    WORKS(cudaStreamSynchronize(stream));
    return true;
}

TEST(memcpy_not_waited_for)
{
    Device<float> y(32);
    const float host[32] = {2};
    cudaStream_t stream;
    WORKS(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
    WORKS(cudaMemcpy(y.data, host, sizeof host, cudaMemcpyHostToDevice));
    GD_LAUNCH(fill, 1, 32, 0, stream, y.data, 1);
    WORKS(cudaStreamSynchronize(stream));
    return true;
}

TEST(too_much_shared)
{
    Device<float> y(32);
    WORKS(GD_LAUNCH(fill, 1, 32, 163 << 10, nullptr, y.data, 1));
    WORKS(GD_LAUNCH(fill, 1, 32, 164 << 10, nullptr, y.data, 1));
    return true;
}

TEST(host_touches_card)
{
    Device<float> y(32);
    *y.data = 1;
    return true;
}
