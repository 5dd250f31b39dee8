// SPDX-License-Identifier: Apache-2.0
/* Streams, events and graphs, used as they should be. */
#include "selftest.h"

__global__ void fill(float *y, float value, int n)
{
    int i = (int)(blockIdx.x * blockDim.x + threadIdx.x);
    if (i < n)
        y[i] = value;
}

__global__ void add(float *y, const float *x, int n)
{
    int i = (int)(blockIdx.x * blockDim.x + threadIdx.x);
    if (i < n)
        y[i] += x[i];
}

constexpr int n = 500;

struct Streams {
    cudaStream_t first, second;
    cudaEvent_t fork, join;
    Streams()
    {
        cudaStreamCreateWithFlags(&first, cudaStreamNonBlocking);
        cudaStreamCreateWithFlags(&second, cudaStreamNonBlocking);
        cudaEventCreateWithFlags(&fork, cudaEventDisableTiming);
        cudaEventCreateWithFlags(&join, cudaEventDisableTiming);
    }
    ~Streams()
    {
        cudaEventDestroy(fork);
        cudaEventDestroy(join);
        cudaStreamDestroy(first);
        cudaStreamDestroy(second);
    }
    Streams(const Streams &) = delete;
};

static bool is_all(const std::vector<float> &values, float want)
{
    for (float value : values)
        REQUIRE(value == want);
    return true;
}

TEST(stream_order)
{
    Streams s;
    Device<float> x(n), y(n);
    WORKS(GD_LAUNCH(fill, 2, 256, 0, s.second, x.data, 2, n));
    WORKS(cudaEventRecord(s.fork, s.second));
    WORKS(GD_LAUNCH(fill, 2, 256, 0, s.first, y.data, 1, n));
    WORKS(cudaStreamWaitEvent(s.first, s.fork, 0));
    WORKS(GD_LAUNCH(add, 2, 256, 0, s.first, y.data, x.data, n));
    WORKS(cudaStreamSynchronize(s.first));
    return is_all(y.get(), 3);
}

/* Each launch of the graph adds 2 once more. */
TEST(graph)
{
    Streams s;
    Device<float> x(n), y(std::vector<float>(n, 1.0f));
    cudaGraph_t graph;
    cudaGraphExec_t program;
    WORKS(cudaStreamBeginCapture(s.first, cudaStreamCaptureModeThreadLocal));
    WORKS(GD_LAUNCH(fill, 2, 256, 0, s.first, x.data, 2, n));
    WORKS(GD_LAUNCH(add, 2, 256, 0, s.first, y.data, x.data, n));
    WORKS(cudaStreamEndCapture(s.first, &graph));
    WORKS(cudaGraphInstantiate(&program, graph, 0));
    WORKS(cudaGraphDestroy(graph));
    for (int i = 0; i < 3; i++)
        WORKS(cudaGraphLaunch(program, s.first));
    WORKS(cudaStreamSynchronize(s.first));
    WORKS(cudaGraphExecDestroy(program));
    return is_all(y.get(), 7);
}

TEST(graph_branches)
{
    Streams s;
    Device<float> x(n), y(n);
    cudaGraph_t graph;
    cudaGraphExec_t program;
    WORKS(cudaStreamBeginCapture(s.first, cudaStreamCaptureModeThreadLocal));
    WORKS(cudaEventRecord(s.fork, s.first));
    WORKS(cudaStreamWaitEvent(s.second, s.fork, 0));
    WORKS(GD_LAUNCH(fill, 2, 256, 0, s.second, x.data, 2, n));
    WORKS(cudaEventRecord(s.join, s.second));
    WORKS(GD_LAUNCH(fill, 2, 256, 0, s.first, y.data, 1, n));
    WORKS(cudaStreamWaitEvent(s.first, s.join, 0));
    WORKS(GD_LAUNCH(add, 2, 256, 0, s.first, y.data, x.data, n));
    WORKS(cudaStreamEndCapture(s.first, &graph));
    WORKS(cudaGraphInstantiate(&program, graph, 0));
    WORKS(cudaGraphDestroy(graph));
    for (int i = 0; i < 2; i++)
        WORKS(cudaGraphLaunch(program, s.first));
    WORKS(cudaStreamSynchronize(s.first));
    WORKS(cudaGraphExecDestroy(program));
    return is_all(y.get(), 3);
}
