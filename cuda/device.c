// SPDX-License-Identifier: Apache-2.0
/* CUDA as a device: the table of device/device.h over the runtime. One card a process: the one that
 * CUDA_VISIBLE_DEVICES puts first. A gd_stream is a cudaStream_t, a gd_event a cudaEvent_t, a gd_graph a
 * cudaGraphExec_t.
 *
 * GRIDDLE_SYNC=1 waits after every launch, so that a fault is met at the step that made it. */
#include "card.h"
#include "cublaslt/cublaslt.h"
#include "cudnn/cudnn.h"
#include "device/cuda.h"
#include "nccl/nccl.h"
#include "op/op.h"

#include <cuda_runtime_api.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#ifdef GRIDDLE_HAVE_NVTX
#include <nvtx3/nvToolsExt.h>
#endif

static gd_status fault(gd_error *error, const char *what, cudaError_t reason)
{
    gd_status status = reason == cudaErrorMemoryAllocation ? GD_NOMEM : GD_DEVICE;
    return gd_fail(error, status, "cuda: %s: %s (%s)", what, cudaGetErrorString(reason), cudaGetErrorName(reason));
}

static gd_status done(cudaError_t reason) { return reason == cudaSuccess ? GD_OK : GD_DEVICE; }

static cudaStream_t stream_of(gd_stream *stream) { return (cudaStream_t)stream; }
static cudaEvent_t event_of(gd_event *event) { return (cudaEvent_t)event; }
static cudaGraphExec_t graph_of(gd_graph *graph) { return (cudaGraphExec_t)graph; }

/* ---- memory ---- */

static gd_status cuda_alloc(size_t bytes, void **memory, gd_error *error)
{
    size_t free_bytes = 0, all = 0;
    cudaError_t reason = cudaMalloc(memory, bytes > 0 ? bytes : 1);
    if (reason == cudaErrorMemoryAllocation) {
        *memory = NULL;
        cudaGetLastError(); /* taken note of */
        cudaMemGetInfo(&free_bytes, &all);
        return gd_fail(error, GD_NOMEM,
                       "out of memory on %s: %zu MB are needed, %zu of %zu MB are free; use a smaller batch",
                       gd_card_get()->name, bytes >> 20, free_bytes >> 20, all >> 20);
    }
    if (reason == cudaSuccess)
        reason = cudaMemset(*memory, 0, bytes); /* returns before it is done, and only on stream 0 … */
    if (reason == cudaSuccess)
        reason = cudaStreamSynchronize(NULL); /* … for which those of stream_new do not wait */
    return reason == cudaSuccess ? GD_OK : fault(error, "cannot allocate memory", reason);
}

static size_t free_bytes(void)
{
    size_t bytes = 0, all = 0;
    return cudaMemGetInfo(&bytes, &all) == cudaSuccess ? bytes : SIZE_MAX;
}

static void cuda_free(void *memory) { cudaFree(memory); }

static gd_status alloc_staging(size_t bytes, void **memory, gd_error *error)
{
    cudaError_t reason = cudaMallocHost(memory, bytes > 0 ? bytes : 1);
    if (reason != cudaSuccess) {
        *memory = NULL;
        return fault(error, "cannot allocate host memory for copies", reason);
    }
    unsigned char *bytes_of = *memory;
    for (size_t i = 0; i < bytes; i++)
        bytes_of[i] = 0;
    return GD_OK;
}

static void free_staging(void *memory) { cudaFreeHost(memory); }

static gd_status copy_in(gd_stream *stream, void *device_memory, const void *host, size_t bytes)
{
    return done(cudaMemcpyAsync(device_memory, host, bytes, cudaMemcpyHostToDevice, stream_of(stream)));
}

static gd_status copy_out(gd_stream *stream, void *host, const void *device_memory, size_t bytes)
{
    return done(cudaMemcpyAsync(host, device_memory, bytes, cudaMemcpyDeviceToHost, stream_of(stream)));
}

static gd_status fill(gd_stream *stream, void *device_memory, int byte, size_t bytes)
{
    return done(cudaMemsetAsync(device_memory, byte, bytes, stream_of(stream)));
}

/* ---- streams and events ---- */

static gd_status stream_new(gd_stream **stream, gd_error *error)
{
    cudaStream_t made = NULL;
    cudaError_t reason = cudaStreamCreateWithFlags(&made, cudaStreamNonBlocking);
    *stream = (gd_stream *)made;
    return reason == cudaSuccess ? GD_OK : fault(error, "cannot make a stream", reason);
}

static void stream_free(gd_stream *stream)
{
    if (!stream)
        return;
    cudaStreamSynchronize(stream_of(stream));
    cudaStreamDestroy(stream_of(stream));
}

static gd_status event_new(gd_event **event, gd_error *error)
{
    cudaEvent_t made = NULL;
    cudaError_t reason = cudaEventCreateWithFlags(&made, cudaEventDisableTiming);
    *event = (gd_event *)made;
    return reason == cudaSuccess ? GD_OK : fault(error, "cannot make an event", reason);
}

static void event_free(gd_event *event)
{
    if (event)
        cudaEventDestroy(event_of(event));
}

static gd_status record(gd_event *event, gd_stream *stream)
{
    return done(cudaEventRecord(event_of(event), stream_of(stream)));
}

static gd_status wait(gd_stream *stream, gd_event *event)
{
    return done(cudaStreamWaitEvent(stream_of(stream), event_of(event), 0));
}

static gd_status await(gd_event *event, gd_error *error)
{
    cudaError_t reason = cudaEventSynchronize(event_of(event));
    return reason == cudaSuccess ? GD_OK : fault(error, "a step failed", reason);
}

static gd_status synchronize(gd_stream *stream, gd_error *error)
{
    cudaError_t reason = cudaStreamSynchronize(stream_of(stream));
    return reason == cudaSuccess ? GD_OK : fault(error, "a step failed", reason);
}

static bool waits_always(void)
{
    const char *sync = getenv("GRIDDLE_SYNC");
    return sync && *sync && *sync != '0';
}

/* Launching returns at once: `work` only puts kernels into the stream that its context names. */
static gd_status launch(gd_stream *stream, gd_status (*work)(void *argument), void *argument)
{
    gd_status status = work(argument);
    return status == GD_OK && waits_always() ? done(cudaStreamSynchronize(stream_of(stream))) : status;
}

static gd_status time_work(gd_stream *stream, gd_status (*work)(void *argument), void *argument, double *seconds,
                           gd_error *error)
{
    cudaEvent_t begin = NULL, end = NULL;
    gd_status status = GD_OK;
    float milliseconds = 0;
    cudaError_t reason = cudaEventCreate(&begin);
    if (reason == cudaSuccess)
        reason = cudaEventCreate(&end);
    if (reason == cudaSuccess)
        reason = cudaEventRecord(begin, stream_of(stream));
    if (reason == cudaSuccess)
        status = work(argument);
    if (reason == cudaSuccess)
        reason = cudaEventRecord(end, stream_of(stream));
    if (reason == cudaSuccess)
        reason = cudaEventSynchronize(end);
    if (reason == cudaSuccess)
        reason = cudaEventElapsedTime(&milliseconds, begin, end);
    event_free((gd_event *)begin);
    event_free((gd_event *)end);
    *seconds = 1e-3 * (double)milliseconds;
    if (status != GD_OK)
        return gd_fail(error, status, "cuda: what was to be timed failed");
    return reason == cudaSuccess ? GD_OK : fault(error, "cannot take the time", reason);
}

/* ---- capture ---- */

static gd_status capture_begin(gd_stream *stream, gd_error *error)
{
    cudaError_t reason = cudaStreamBeginCapture(stream_of(stream), cudaStreamCaptureModeThreadLocal);
    return reason == cudaSuccess ? GD_OK : fault(error, "cannot capture", reason);
}

static gd_status capture_end(gd_stream *stream, gd_graph **graph, gd_error *error)
{
    cudaGraph_t recorded = NULL;
    cudaGraphExec_t made = NULL;
    *graph = NULL;
    cudaError_t reason = cudaStreamEndCapture(stream_of(stream), &recorded);
    if (reason == cudaSuccess)
        reason = cudaGraphInstantiate(&made, recorded, 0);
    if (recorded)
        cudaGraphDestroy(recorded);
    if (reason != cudaSuccess)
        return fault(error, "cannot capture", reason);
    *graph = (gd_graph *)made;
    return GD_OK;
}

static gd_status replay(gd_graph *graph, gd_stream *stream)
{
    return done(cudaGraphLaunch(graph_of(graph), stream_of(stream)));
}

static void graph_free(gd_graph *graph)
{
    if (graph)
        cudaGraphExecDestroy(graph_of(graph));
}

/* ---- ranges: nvtx3 is headers alone, and does nothing where no profiler has loaded itself ---- */

#ifdef GRIDDLE_HAVE_NVTX
static void range_begin(const char *name) { nvtxRangePushA(name); }
static void range_end(void) { nvtxRangePop(); }
#endif

/* ---- the table ---- */

static uint32_t features(void) { return gd_card_get()->sm >= 80 ? GD_CUDA_BF16 : 0; }

static void describe(gd_device_facts *facts)
{
    const gd_card *card = gd_card_get();
    *facts = (gd_device_facts){.multiprocessors = card->multiprocessors,
                               .cards = card->cards,
                               .memory_bytes = card->memory_bytes,
                               .free_bytes = free_bytes(),
                               .driver = card->driver,
                               .runtime = card->runtime};
    snprintf(facts->name, sizeof facts->name, "%s", card->name);
    snprintf(facts->architecture, sizeof facts->architecture, "sm_%d", card->sm);
    snprintf(facts->library[0].name, sizeof facts->library[0].name, "cublaslt");
    gd_cublaslt_version(facts->library[0].version, sizeof facts->library[0].version);
    snprintf(facts->library[1].name, sizeof facts->library[1].name, "cudnn");
    snprintf(facts->library[1].version, sizeof facts->library[1].version, "%s", gd_cudnn_version());
}

static const gd_device cuda = {
    .kind = GD_CUDA,
    .name = "cuda",
    .features = features,
    .describe = describe,
    .note = gd_cudnn_note,
    .op = gd_op_find,
    .alloc = cuda_alloc,
    .free = cuda_free,
    .free_bytes = free_bytes,
    .alloc_staging = alloc_staging,
    .free_staging = free_staging,
    .copy_in = copy_in,
    .copy_out = copy_out,
    .fill = fill,
    .stream_new = stream_new,
    .stream_free = stream_free,
    .event_new = event_new,
    .event_free = event_free,
    .record = record,
    .wait = wait,
    .await = await,
    .launch = launch,
    .synchronize = synchronize,
    .time = time_work,
    .capture_begin = capture_begin,
    .capture_end = capture_end,
    .replay = replay,
    .graph_free = graph_free,
#ifdef GRIDDLE_HAVE_NVTX
    .range_begin = range_begin,
    .range_end = range_end,
#endif
};

/* The device, or one without capture, where every launch is waited for. */
static gd_status open_device(const gd_device **device, gd_error *error)
{
    static gd_device stepwise;
    GD_TRY(gd_card_open(error));
    *device = &cuda;
    if (waits_always()) {
        stepwise = cuda;
        stepwise.capture_begin = NULL;
        *device = &stepwise;
    }
    return GD_OK;
}

extern __attribute__((visibility("default"))) const gd_cuda_module gd_cuda_library;
const gd_cuda_module gd_cuda_library = {GD_CUDA_LAYOUT, GRIDDLE_VERSION, open_device, gd_nccl_comm_new,
                                        gd_nccl_find_version};
