// SPDX-License-Identifier: Apache-2.0
#include "serve/sink.h"

#include "base/clock.h"

#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum {
    WAKE_BYTES = 256 << 10, /* so much is worth a write; half of a smaller buffer */
    KEEP_BYTES = 1 << 20    /* of a half stay in memory; what a burst took beyond goes back to the system */
};
#define FLUSH_SECONDS 1.0

/* Records lie behind each other, each with its size before it. Address space is reserved for all of the buffer, so that
 * nothing moves while it is copied into; pages come as they are touched. */
typedef struct half {
    char *at;
    size_t used;
    int copying; /* puts that have their place and are not done */
} half;

typedef struct header {
    size_t bytes;
    size_t reserved; /* keeps records aligned */
} header;

struct gd_sink {
    gd_sink_writer writer;
    pthread_t thread;
    pthread_mutex_t lock;     /* all below */
    pthread_cond_t wake;      /* the writer: a first record, or many, or closing */
    pthread_cond_t whole;     /* the writer: nobody copies into the half it took */
    size_t limit, wake_bytes; /* the writer is woken by so many, before its second is over */
    half halves[2];
    half *filling;
    bool hurry, closing;
    uint64_t dropped;
};

static half *other(gd_sink *sink) { return &sink->halves[sink->filling == &sink->halves[0]]; }

/* ---- putting ---- */

bool gd_sink_put(gd_sink *sink, const gd_sink_piece *pieces, int n)
{
    size_t bytes = 0;
    for (int i = 0; i < n; i++)
        bytes += pieces[i].bytes;
    const size_t need = (sizeof(header) + bytes + sizeof(header) - 1) / sizeof(header) * sizeof(header);

    pthread_mutex_lock(&sink->lock);
    half *h = sink->filling;
    if (sink->closing || need > sink->limit - (h->used + other(sink)->used)) {
        sink->dropped++;
        pthread_mutex_unlock(&sink->lock);
        return false;
    }
    char *at = h->at + h->used;
    h->used += need;
    h->copying++;
    const bool first = h->used == need, many = h->used >= sink->wake_bytes && h->used - need < sink->wake_bytes;
    pthread_mutex_unlock(&sink->lock);

    *(header *)(void *)at = (header){.bytes = bytes};
    at += sizeof(header);
    for (int i = 0; i < n; i++) {
        if (pieces[i].bytes > 0)
            memcpy(at, pieces[i].at, pieces[i].bytes);
        at += pieces[i].bytes;
    }

    pthread_mutex_lock(&sink->lock);
    if (--h->copying == 0 && h != sink->filling)
        pthread_cond_signal(&sink->whole);
    if (first || many)
        pthread_cond_signal(&sink->wake);
    pthread_mutex_unlock(&sink->lock);
    return true;
}

void gd_sink_hurry(gd_sink *sink)
{
    pthread_mutex_lock(&sink->lock);
    sink->hurry = true;
    pthread_cond_signal(&sink->wake);
    pthread_mutex_unlock(&sink->lock);
}

uint64_t gd_sink_dropped(gd_sink *sink)
{
    pthread_mutex_lock(&sink->lock);
    const uint64_t dropped = sink->dropped;
    pthread_mutex_unlock(&sink->lock);
    return dropped;
}

/* ---- writing ---- */

static void wait_until(gd_sink *sink, double when)
{
    if (isinf(when)) {
        pthread_cond_wait(&sink->wake, &sink->lock);
    } else {
        const struct timespec t = {(time_t)when, (long)(1e9 * (when - floor(when)))};
        pthread_cond_timedwait(&sink->wake, &sink->lock, &t);
    }
}

/* Sleeps until there is something to write or flush: a second after the first record, sooner for many of them. `again`
 * is when a flush is due without any. */
static void wait_for_work(gd_sink *sink, double again)
{
    while (sink->filling->used == 0 && !sink->closing && !sink->hurry && gd_seconds() < again)
        wait_until(sink, again);
    const double due = gd_seconds() + FLUSH_SECONDS;
    while (sink->filling->used > 0 && sink->filling->used < sink->wake_bytes && !sink->closing && !sink->hurry &&
           gd_seconds() < due)
        wait_until(sink, due);
}

static half *take(gd_sink *sink)
{
    half *h = sink->filling;
    sink->filling = other(sink);
    while (h->copying > 0)
        pthread_cond_wait(&sink->whole, &sink->lock);
    return h;
}

static void write_all(gd_sink *sink, const half *h)
{
    for (const char *at = h->at, *end = at + h->used; at < end;) {
        const size_t bytes = ((const header *)(const void *)at)->bytes;
        at += sizeof(header);
        sink->writer.record(sink->writer.context, at, bytes);
        at += (bytes + sizeof(header) - 1) / sizeof(header) * sizeof(header);
    }
    if (h->used > KEEP_BYTES)
        madvise(h->at + KEEP_BYTES, h->used - KEEP_BYTES, MADV_DONTNEED);
}

static void *run(void *argument)
{
    gd_sink *sink = argument;
    bool last = false;
    double again = gd_seconds() + sink->writer.flush(sink->writer.context);
    while (!last) {
        pthread_mutex_lock(&sink->lock);
        wait_for_work(sink, again);
        last = sink->closing; /* nothing is put any more: this half is the last */
        sink->hurry = false;
        half *h = take(sink);
        pthread_mutex_unlock(&sink->lock);

        write_all(sink, h);
        again = gd_seconds() + sink->writer.flush(sink->writer.context);

        pthread_mutex_lock(&sink->lock);
        h->used = 0;
        pthread_mutex_unlock(&sink->lock);
    }
    return NULL;
}

/* ---- opening and closing ---- */

/* Signals are for the program's other threads; a write to a closed pipe or beyond a file's limit is an error, not the
 * end. */
static int start(gd_sink *sink, const char *name)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    const int reason = pthread_create(&sink->thread, NULL, run, sink);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (reason == 0)
        pthread_setname_np(sink->thread, name);
    return reason;
}

static void release(gd_sink *sink)
{
    for (int i = 0; i < 2; i++) {
        if (sink->halves[i].at)
            munmap(sink->halves[i].at, sink->limit);
    }
    pthread_cond_destroy(&sink->wake);
    pthread_cond_destroy(&sink->whole);
    pthread_mutex_destroy(&sink->lock);
    free(sink);
}

gd_status gd_sink_open(size_t buffer_bytes, const char *name, gd_sink_writer writer, gd_sink **out, gd_error *error)
{
    *out = NULL;
    if (buffer_bytes == 0)
        return gd_fail(error, GD_INVALID, "a buffer of 0 bytes holds no record");
    gd_sink *sink = calloc(1, sizeof *sink);
    if (!sink)
        return gd_fail(error, GD_NOMEM, "out of memory for a buffer of %zu bytes", buffer_bytes);
    sink->writer = writer;
    sink->limit = buffer_bytes;
    sink->wake_bytes = buffer_bytes / 2 < WAKE_BYTES ? buffer_bytes / 2 : WAKE_BYTES;
    sink->filling = &sink->halves[0];
    pthread_condattr_t forward; /* the clock that only goes forward */
    pthread_condattr_init(&forward);
    pthread_condattr_setclock(&forward, CLOCK_MONOTONIC);
    pthread_cond_init(&sink->wake, &forward);
    pthread_condattr_destroy(&forward);
    pthread_cond_init(&sink->whole, NULL);
    pthread_mutex_init(&sink->lock, NULL);

    gd_status status = GD_OK;
    int reason = 0;
    for (int i = 0; i < 2 && status == GD_OK; i++) {
        void *at = mmap(NULL, buffer_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (at == MAP_FAILED)
            status = gd_fail(error, GD_NOMEM, "out of memory for a buffer of %zu bytes", buffer_bytes);
        else
            sink->halves[i].at = at;
    }
    if (status == GD_OK && (reason = start(sink, name)) != 0)
        status = gd_fail(error, GD_NOMEM, "cannot start the thread '%s': %s", name, strerror(reason));
    if (status != GD_OK) {
        release(sink);
        return status;
    }
    *out = sink;
    return GD_OK;
}

void gd_sink_end(gd_sink *sink)
{
    pthread_mutex_lock(&sink->lock);
    const bool ended = sink->closing;
    sink->closing = true;
    pthread_cond_signal(&sink->wake);
    pthread_mutex_unlock(&sink->lock);
    if (!ended)
        pthread_join(sink->thread, NULL);
}

void gd_sink_close(gd_sink *sink)
{
    if (!sink)
        return;
    gd_sink_end(sink);
    release(sink);
}
