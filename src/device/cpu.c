// SPDX-License-Identifier: Apache-2.0
/* The CPU as a device. Stream 0 is the calling thread; every other stream is one thread with a queue. An event is a
 * count of how often it was recorded and reached, so that a plan can use the same event in every step. */
#include "device/device.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct gd_event {
    pthread_mutex_t mutex;
    pthread_cond_t reached;
    uint64_t recorded, done; /* how often it was put into a stream; how often a stream got there */
};

typedef enum job_kind { JOB_WORK, JOB_RECORD, JOB_WAIT, JOB_STOP } job_kind;

typedef struct job {
    job_kind kind;
    gd_status (*work)(void *argument);
    void *argument;
    gd_event *event;
    uint64_t count; /* the recording that is meant */
} job;

enum { QUEUE = 1024 };

struct gd_stream {
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    job queue[QUEUE];
    uint64_t pushed, popped, finished;
    gd_status status; /* the first failure since the last synchronize; later work is passed over */
};

/* ---- memory ---- */

/* What the system could give without swapping, in bytes; SIZE_MAX where it does not say. */
static size_t available_memory(void)
{
    unsigned long long kilobytes = 0;
    FILE *info = fopen("/proc/meminfo", "r");
    char line[128];
    while (info && fgets(line, sizeof line, info)) {
        if (sscanf(line, "MemAvailable: %llu kB", &kilobytes) == 1)
            break;
    }
    if (info)
        fclose(info);
    return kilobytes ? (size_t)kilobytes << 10 : SIZE_MAX;
}

static gd_status cpu_alloc(size_t bytes, void **memory, gd_error *error)
{
    enum { LARGE = 64 << 20 }; /* asking the system takes time; below this it is not worth it */
    size_t rounded = bytes > 0 ? (bytes + 63) / 64 * 64 : 64,
           available = rounded > LARGE ? available_memory() : SIZE_MAX;
    *memory = NULL;
    /* Linux promises more than it has and kills later: what is not there is refused here. */
    if (rounded < bytes || rounded > available || posix_memalign(memory, 64, rounded) != 0) {
        *memory = NULL;
        return gd_fail(error, GD_NOMEM, "out of memory: %zu MB are needed, %zu MB are free; use a smaller batch",
                       bytes >> 20, available_memory() >> 20);
    }
    memset(*memory, 0, rounded);
    return GD_OK;
}

static void cpu_free(void *memory) { free(memory); }

/* ---- events ---- */

static gd_status event_new(gd_event **event, gd_error *error)
{
    *event = calloc(1, sizeof **event);
    if (!*event)
        return gd_fail(error, GD_NOMEM, "out of memory for an event");
    pthread_mutex_init(&(*event)->mutex, NULL);
    pthread_cond_init(&(*event)->reached, NULL);
    return GD_OK;
}

static void event_free(gd_event *event)
{
    if (!event)
        return;
    pthread_cond_destroy(&event->reached);
    pthread_mutex_destroy(&event->mutex);
    free(event);
}

static void event_reach(gd_event *event, uint64_t count)
{
    pthread_mutex_lock(&event->mutex);
    if (event->done < count)
        event->done = count;
    pthread_cond_broadcast(&event->reached);
    pthread_mutex_unlock(&event->mutex);
}

static void event_await(gd_event *event, uint64_t count)
{
    pthread_mutex_lock(&event->mutex);
    while (event->done < count)
        pthread_cond_wait(&event->reached, &event->mutex);
    pthread_mutex_unlock(&event->mutex);
}

/* ---- streams ---- */

static void *stream_main(void *argument)
{
    gd_stream *stream = argument;
    pthread_mutex_lock(&stream->mutex);
    for (;;) {
        while (stream->popped == stream->pushed)
            pthread_cond_wait(&stream->changed, &stream->mutex);
        job next = stream->queue[stream->popped++ % QUEUE];
        bool failed = stream->status != GD_OK;
        pthread_mutex_unlock(&stream->mutex);
        gd_status status = GD_OK;
        if (next.kind == JOB_WORK && !failed)
            status = next.work(next.argument);
        else if (next.kind == JOB_RECORD)
            event_reach(next.event, next.count);
        else if (next.kind == JOB_WAIT)
            event_await(next.event, next.count);
        pthread_mutex_lock(&stream->mutex);
        if (stream->status == GD_OK)
            stream->status = status;
        stream->finished++;
        pthread_cond_broadcast(&stream->changed);
        if (next.kind == JOB_STOP)
            break;
    }
    pthread_mutex_unlock(&stream->mutex);
    return NULL;
}

static gd_status push(gd_stream *stream, job next)
{
    pthread_mutex_lock(&stream->mutex);
    while (stream->pushed - stream->popped == QUEUE)
        pthread_cond_wait(&stream->changed, &stream->mutex);
    stream->queue[stream->pushed++ % QUEUE] = next;
    pthread_cond_broadcast(&stream->changed);
    pthread_mutex_unlock(&stream->mutex);
    return GD_OK;
}

static gd_status stream_new(gd_stream **stream, gd_error *error)
{
    *stream = calloc(1, sizeof **stream);
    if (!*stream)
        return gd_fail(error, GD_NOMEM, "out of memory for a stream");
    pthread_mutex_init(&(*stream)->mutex, NULL);
    pthread_cond_init(&(*stream)->changed, NULL);
    if (pthread_create(&(*stream)->thread, NULL, stream_main, *stream) != 0) {
        free(*stream);
        *stream = NULL;
        return gd_fail(error, GD_DEVICE, "cannot start a thread for a stream");
    }
    return GD_OK;
}

static void stream_free(gd_stream *stream)
{
    if (!stream)
        return;
    push(stream, (job){.kind = JOB_STOP});
    pthread_join(stream->thread, NULL);
    pthread_cond_destroy(&stream->changed);
    pthread_mutex_destroy(&stream->mutex);
    free(stream);
}

static gd_status record(gd_event *event, gd_stream *stream)
{
    pthread_mutex_lock(&event->mutex);
    uint64_t count = ++event->recorded;
    pthread_mutex_unlock(&event->mutex);
    if (stream)
        return push(stream, (job){.kind = JOB_RECORD, .event = event, .count = count});
    event_reach(event, count);
    return GD_OK;
}

static gd_status wait(gd_stream *stream, gd_event *event)
{
    pthread_mutex_lock(&event->mutex);
    uint64_t count = event->recorded;
    pthread_mutex_unlock(&event->mutex);
    if (stream)
        return push(stream, (job){.kind = JOB_WAIT, .event = event, .count = count});
    event_await(event, count);
    return GD_OK;
}

static gd_status await(gd_event *event, gd_error *error)
{
    (void)error;
    pthread_mutex_lock(&event->mutex);
    uint64_t count = event->recorded;
    pthread_mutex_unlock(&event->mutex);
    event_await(event, count);
    return GD_OK;
}

static gd_status launch(gd_stream *stream, gd_status (*work)(void *argument), void *argument)
{
    return stream ? push(stream, (job){.kind = JOB_WORK, .work = work, .argument = argument}) : work(argument);
}

static gd_status synchronize(gd_stream *stream, gd_error *error)
{
    if (!stream)
        return GD_OK; /* the caller is the stream */
    pthread_mutex_lock(&stream->mutex);
    while (stream->finished < stream->pushed)
        pthread_cond_wait(&stream->changed, &stream->mutex);
    gd_status status = stream->status;
    stream->status = GD_OK;
    pthread_mutex_unlock(&stream->mutex);
    return status == GD_OK ? GD_OK : gd_fail(error, status, "a step on another stream failed");
}

/* ---- copies ---- */

typedef struct copy_job {
    void *to;
    const void *from; /* NULL: `byte` everywhere */
    int byte;
    size_t bytes;
} copy_job;

static gd_status do_copy(copy_job copy)
{
    if (copy.from)
        memcpy(copy.to, copy.from, copy.bytes);
    else
        memset(copy.to, copy.byte, copy.bytes);
    return GD_OK;
}

static gd_status run_copy(void *argument)
{
    copy_job copy = *(copy_job *)argument;
    free(argument);
    return do_copy(copy);
}

static gd_status push_copy(gd_stream *stream, copy_job copy)
{
    if (!stream)
        return do_copy(copy);
    copy_job *later = malloc(sizeof *later);
    if (!later)
        return GD_NOMEM;
    *later = copy;
    return launch(stream, run_copy, later);
}

static gd_status copy(gd_stream *stream, void *to, const void *from, size_t bytes)
{
    return push_copy(stream, (copy_job){.to = to, .from = from, .bytes = bytes});
}

static gd_status fill(gd_stream *stream, void *to, int byte, size_t bytes)
{
    return push_copy(stream, (copy_job){.to = to, .byte = byte, .bytes = bytes});
}

static const struct gd_op *no_op_of_its_own(const char *name)
{
    (void)name;
    return NULL;
}

const gd_device gd_device_cpu = {
    .kind = GD_CPU,
    .name = "cpu",
    .is_host = true,
    .features = gd_cpu_features,
    .op = no_op_of_its_own,
    .alloc = cpu_alloc,
    .free = cpu_free,
    .free_bytes = available_memory,
    .alloc_staging = cpu_alloc,
    .free_staging = cpu_free,
    .copy_in = copy,
    .copy_out = copy,
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
};
