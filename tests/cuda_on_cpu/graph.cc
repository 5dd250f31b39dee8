// SPDX-License-Identifier: Apache-2.0
/* Graphs: what a capture recorded, replayed. A stream that an event draws into the capture becomes a lane of its own,
 * and at a launch every lane is a stream again, so that branches of a graph are ordered, or not, as streams are.
 */
#include "range.h"
#include "stream.h"

using namespace emulator;

struct CUgraph_st {
    Capture capture;
};

struct CUgraphExec_st {
    Capture capture;
    std::vector<Stream *> lanes;
};

namespace emulator
{
void join_capture(Stream &stream, std::shared_ptr<Capture> capture, std::vector<std::pair<size_t, uint64_t>> after)
{
    if (stream.capture != capture) {
        stream.capture = capture;
        stream.lane = capture->streams.size();
        capture->streams.push_back(&stream);
        capture->counts.push_back(0);
    }
    stream.lane_after.insert(stream.lane_after.end(), after.begin(), after.end());
    enqueue(stream, nullptr);
}
} // namespace emulator

#define OPEN(name)                                                                                                     \
    Call call(name, cudaErrorUnknown);                                                                                 \
    if (call.failed())                                                                                                 \
        return call.failure();

cudaError_t cudaStreamBeginCapture(cudaStream_t handle, cudaStreamCaptureMode)
{
    OPEN("cudaStreamBeginCapture")
    Stream *stream = stream_of(handle);
    if (!stream || !handle || stream->capture) // stream 0 cannot be captured
        return call.fail(stream && !stream->capture ? cudaErrorStreamCaptureUnsupported : cudaErrorInvalidValue);
    auto capture = std::make_shared<Capture>();
    capture->streams = {stream};
    capture->counts = {0};
    stream->capture = capture;
    stream->lane = 0;
    return cudaSuccess;
}

cudaError_t cudaStreamIsCapturing(cudaStream_t handle, cudaStreamCaptureStatus *status)
{
    OPEN("cudaStreamIsCapturing")
    Stream *stream = stream_of(handle);
    if (!stream)
        return call.fail(cudaErrorInvalidResourceHandle);
    *status = stream->capture ? cudaStreamCaptureStatusActive : cudaStreamCaptureStatusNone;
    return cudaSuccess;
}

/* Every other lane must have been waited for by some other: else its work would be after nothing and before nothing. */
static bool is_joined(const Capture &capture)
{
    for (size_t lane = 1; lane < capture.streams.size(); lane++) {
        uint64_t seen = 0;
        for (const Node &node : capture.nodes)
            for (auto [from, count] : node.after)
                if (from == lane && node.lane != lane && count > seen)
                    seen = count;
        if (seen < capture.counts[lane])
            return false;
    }
    return true;
}

cudaError_t cudaStreamEndCapture(cudaStream_t handle, cudaGraph_t *to)
{
    OPEN("cudaStreamEndCapture")
    *to = nullptr;
    Stream *stream = stream_of(handle);
    if (!stream || !stream->capture)
        return call.fail(cudaErrorInvalidValue);
    if (stream->lane != 0)
        return call.fail(cudaErrorStreamCaptureUnmatched);
    auto capture = stream->capture;
    for (Stream *member : capture->streams) {
        member->capture = nullptr;
        member->lane_after.clear();
    }
    if (!is_joined(*capture))
        return call.fail(cudaErrorStreamCaptureUnjoined);
    *to = new CUgraph_st{*capture};
    return cudaSuccess;
}

cudaError_t cudaGraphInstantiate(cudaGraphExec_t *to, cudaGraph_t graph, unsigned long long)
{
    OPEN("cudaGraphInstantiate")
    *to = new CUgraphExec_st{graph->capture, {}};
    for (size_t i = 0; i < graph->capture.streams.size(); i++)
        (*to)->lanes.push_back(stream_new(false));
    return cudaSuccess;
}

cudaError_t cudaGraphLaunch(cudaGraphExec_t graph, cudaStream_t handle)
{
    OPEN("cudaGraphLaunch")
    Stream *stream = stream_of(handle);
    if (!stream)
        return call.fail(cudaErrorInvalidResourceHandle);
    if (stream->capture)
        return call.fail(cudaErrorStreamCaptureUnsupported); // no graphs in graphs here
    range_launch("graph");
    Point begin = mark(*stream);
    std::vector<std::vector<Point>> reached(graph->lanes.size());
    for (Stream *lane : graph->lanes)
        wait_for(*lane, begin);
    for (const Node &node : graph->capture.nodes) {
        Stream &lane = *graph->lanes[node.lane];
        for (auto [from, count] : node.after)
            wait_for(lane, reached[from][count - 1]);
        enqueue(lane, node.work);
        reached[node.lane].push_back(mark(lane));
    }
    for (Stream *lane : graph->lanes)
        wait_for(*stream, mark(*lane));
    return cudaSuccess;
}

cudaError_t cudaGraphExecDestroy(cudaGraphExec_t graph)
{
    OPEN("cudaGraphExecDestroy")
    for (Stream *lane : graph->lanes)
        while (!lane->queue.empty() && run_one(*lane)) {
        }
    for (Stream *lane : graph->lanes)
        lane->is_gone = true;
    delete graph;
    return call.finish();
}

cudaError_t cudaGraphDestroy(cudaGraph_t graph)
{
    OPEN("cudaGraphDestroy")
    delete graph;
    return cudaSuccess;
}
