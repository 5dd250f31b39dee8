// SPDX-License-Identifier: Apache-2.0
/* The runtime's streams, events and copies. */
#include "stream.h"

#include "check.h"
#include "clock.h"
#include "memory.h"

#include <cstring>

using namespace emulator;

struct CUevent_st {
    bool is_recorded, is_captured;
    Point point;
    std::shared_ptr<double> time; // of the card's clock, there
    std::shared_ptr<Capture> capture;
    size_t lane;
    uint64_t count;
};

/* What waits for a stream also hears of failures: here is where GRIDDLE_EMULATED_FAIL=device:n strikes. */
static void waited_for()
{
    if (is_failure_due("device"))
        stick(cudaErrorIllegalAddress);
}

static cudaError_t synchronize(Call &call, Stream &stream)
{
    if (stream.capture)
        return call.fail(cudaErrorStreamCaptureUnsupported);
    run_until(mark(stream));
    waited_for();
    return call.finish();
}

#define OPEN(name)                                                                                                     \
    Call call(name, cudaErrorUnknown);                                                                                 \
    if (call.failed())                                                                                                 \
        return call.failure();
#define STREAM(handle)                                                                                                 \
    Stream *stream = stream_of(handle);                                                                                \
    if (!stream)                                                                                                       \
        return call.fail(cudaErrorInvalidResourceHandle);

cudaError_t cudaStreamCreateWithFlags(cudaStream_t *to, unsigned flags)
{
    OPEN("cudaStreamCreateWithFlags")
    *to = reinterpret_cast<cudaStream_t>(stream_new(!(flags & cudaStreamNonBlocking)));
    return cudaSuccess;
}

cudaError_t cudaStreamCreate(cudaStream_t *to) { return cudaStreamCreateWithFlags(to, cudaStreamDefault); }

cudaError_t cudaStreamDestroy(cudaStream_t handle)
{
    OPEN("cudaStreamDestroy")
    STREAM(handle)
    if (stream->id == 0)
        return call.fail(cudaErrorInvalidResourceHandle);
    while (!stream->queue.empty() && run_one(*stream)) {
    }
    stream->is_gone = true;
    return call.finish();
}

cudaError_t cudaStreamSynchronize(cudaStream_t handle)
{
    OPEN("cudaStreamSynchronize")
    STREAM(handle)
    return synchronize(call, *stream);
}

/* Asking makes one step of progress, so that a loop of queries ends. */
cudaError_t cudaStreamQuery(cudaStream_t handle)
{
    OPEN("cudaStreamQuery")
    STREAM(handle)
    if (!stream->queue.empty()) {
        run_one(*stream);
        return call.finish() != cudaSuccess ? call.finish() : cudaErrorNotReady;
    }
    waited(stream->known);
    return call.finish();
}

cudaError_t cudaDeviceSynchronize(void)
{
    OPEN("cudaDeviceSynchronize")
    if (is_capturing())
        return call.fail(cudaErrorStreamCaptureUnsupported);
    drain();
    waited_for();
    return call.finish();
}

cudaError_t cudaLaunchHostFunc(cudaStream_t handle, cudaHostFn_t function, void *argument)
{
    OPEN("cudaLaunchHostFunc")
    STREAM(handle)
    enqueue(*stream, [=] { function(argument); });
    return cudaSuccess;
}

// ---- events ----
cudaError_t cudaEventCreateWithFlags(cudaEvent_t *to, unsigned flags)
{
    OPEN("cudaEventCreateWithFlags")
    *to = new CUevent_st{};
    (*to)->time = flags & cudaEventDisableTiming ? nullptr : std::make_shared<double>();
    return cudaSuccess;
}

cudaError_t cudaEventCreate(cudaEvent_t *to) { return cudaEventCreateWithFlags(to, cudaEventDefault); }

cudaError_t cudaEventDestroy(cudaEvent_t event)
{
    OPEN("cudaEventDestroy")
    delete event;
    return cudaSuccess;
}

cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t handle)
{
    OPEN("cudaEventRecord")
    STREAM(handle)
    event->capture = stream->capture;
    if (stream->capture) {
        event->lane = stream->lane;
        enqueue(*stream, nullptr);
        event->count = stream->capture->counts[stream->lane];
        return cudaSuccess;
    }
    if (event->time)
        enqueue(*stream, [time = event->time] { *time = clock_now(); });
    event->point = mark(*stream);
    event->is_recorded = true;
    return cudaSuccess;
}

cudaError_t cudaStreamWaitEvent(cudaStream_t handle, cudaEvent_t event, unsigned)
{
    OPEN("cudaStreamWaitEvent")
    STREAM(handle)
    if (event->capture) {
        join_capture(*stream, event->capture, {{event->lane, event->count}});
        return cudaSuccess;
    }
    if (stream->capture)
        return call.fail(cudaErrorStreamCaptureUnsupported); // an event from outside the graph
    if (event->is_recorded)
        wait_for(*stream, event->point);
    return cudaSuccess;
}

cudaError_t cudaEventSynchronize(cudaEvent_t event)
{
    OPEN("cudaEventSynchronize")
    if (event->capture)
        return call.fail(cudaErrorStreamCaptureUnsupported);
    if (event->is_recorded)
        run_until(event->point);
    waited_for();
    return call.finish();
}

cudaError_t cudaEventQuery(cudaEvent_t event)
{
    OPEN("cudaEventQuery")
    if (event->is_recorded && !is_reached(event->point)) {
        run_one(*event->point.stream);
        return call.finish() != cudaSuccess ? call.finish() : cudaErrorNotReady;
    }
    if (event->is_recorded)
        waited(*event->point.known);
    return call.finish();
}

cudaError_t cudaEventElapsedTime(float *ms, cudaEvent_t start, cudaEvent_t stop)
{
    OPEN("cudaEventElapsedTime")
    if (!start->is_recorded || !stop->is_recorded || !start->time || !stop->time)
        return call.fail(cudaErrorInvalidResourceHandle);
    if (!is_reached(start->point) || !is_reached(stop->point))
        return call.fail(cudaErrorNotReady);
    *ms = (float)(1e-3 * (*stop->time - *start->time));
    return cudaSuccess;
}

// ---- copies ----
static bool is_kind_right(const void *to, const void *from, cudaMemcpyKind kind)
{
    switch (kind) {
    case cudaMemcpyHostToHost:
        return !is_device(to) && !is_device(from);
    case cudaMemcpyHostToDevice:
        return is_device(to) && !is_device(from);
    case cudaMemcpyDeviceToHost:
        return !is_device(to) && is_device(from);
    case cudaMemcpyDeviceToDevice:
        return is_device(to) && is_device(from);
    case cudaMemcpyDefault:
        return true;
    }
    return false;
}

cudaError_t cudaMemcpyAsync(void *to, const void *from, size_t bytes, cudaMemcpyKind kind, cudaStream_t handle)
{
    OPEN("cudaMemcpyAsync")
    STREAM(handle)
    if (!is_kind_right(to, from, kind))
        return call.fail(cudaErrorInvalidValue);
    enqueue(*stream, [=] {
        if (check_copy(to, from, bytes))
            memmove(to, from, bytes);
    });
    return cudaSuccess;
}

/* To the card it returns when the bytes are taken note of, and between two places there at once: what another stream
 * does is ordered behind it by nothing (CUDA Runtime API, "API synchronization behavior"). */
cudaError_t cudaMemcpy(void *to, const void *from, size_t bytes, cudaMemcpyKind kind)
{
    if (!is_device(to)) {
        cudaError_t error = cudaMemcpyAsync(to, from, bytes, kind, nullptr);
        return error == cudaSuccess ? cudaStreamSynchronize(nullptr) : error;
    }
    if (is_device(from))
        return cudaMemcpyAsync(to, from, bytes, kind, nullptr);
    OPEN("cudaMemcpy")
    STREAM(nullptr)
    if (!is_kind_right(to, from, kind))
        return call.fail(cudaErrorInvalidValue);
    if (stream->capture)
        return call.fail(cudaErrorStreamCaptureUnsupported);
    run_until(mark(*stream));
    auto *bytes_of = static_cast<const unsigned char *>(from);
    enqueue(*stream, [to, staged = std::vector<unsigned char>(bytes_of, bytes_of + bytes)] {
        if (check_copy(to, staged.data(), staged.size()))
            memmove(to, staged.data(), staged.size());
    });
    return call.finish();
}

cudaError_t cudaMemsetAsync(void *memory, int value, size_t bytes, cudaStream_t handle)
{
    OPEN("cudaMemsetAsync")
    STREAM(handle)
    if (!is_device(memory))
        return call.fail(cudaErrorInvalidValue);
    enqueue(*stream, [=] {
        if (check_copy(memory, nullptr, bytes))
            memset(memory, value, bytes);
    });
    return cudaSuccess;
}

/* It does not wait either. */
cudaError_t cudaMemset(void *memory, int value, size_t bytes) { return cudaMemsetAsync(memory, value, bytes, nullptr); }
