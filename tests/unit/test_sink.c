// SPDX-License-Identifier: Apache-2.0
#include "base/clock.h"
#include "serve/sink.h"
#include "unit.h"

#include <math.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { PUTTERS = 4, EACH = 5000 };

/* A writer that looks at what it is given. */
typedef struct seen {
    atomic_int records, flushes;
    int next[PUTTERS]; /* of every putter, its records come in order */
    bool wrong;
    double again;
    sem_t *gate; /* (optional) waited for before each record */
} seen;

typedef struct numbered {
    int putter, number;
    size_t bytes; /* that follow, all of the number's lowest byte */
} numbered;

static void see(void *context, const void *record, size_t bytes)
{
    seen *s = context;
    const numbered *head = record;
    if (s->gate)
        sem_wait(s->gate);
    s->wrong |= bytes != sizeof *head + head->bytes || head->number != s->next[head->putter]++;
    const unsigned char *body = (const unsigned char *)(head + 1);
    for (size_t i = 0; i < head->bytes && !s->wrong; i++)
        s->wrong = body[i] != (head->number & 255);
    atomic_fetch_add(&s->records, 1);
}

static double flushed(void *context)
{
    seen *s = context;
    atomic_fetch_add(&s->flushes, 1);
    return s->again;
}

static bool put(gd_sink *sink, int putter, int number, size_t bytes)
{
    static _Thread_local unsigned char body[5000];
    numbered head = {putter, number, bytes};
    memset(body, number & 255, bytes);
    const gd_sink_piece pieces[] = {{&head, sizeof head}, {body, bytes / 2}, {NULL, 0}, {body, bytes - bytes / 2}};
    return gd_sink_put(sink, pieces, 4);
}

static gd_sink *open_sink(size_t bytes, seen *s)
{
    gd_sink *sink;
    gd_error error = {0};
    const gd_sink_writer writer = {.record = see, .flush = flushed, .context = s};
    CHECK_OK(gd_sink_open(bytes, "test", writer, &sink, &error), &error);
    return sink;
}

static void wait_for(atomic_int *count, int least)
{
    const double late = gd_seconds() + 20.0;
    while (atomic_load(count) < least && gd_seconds() < late)
        usleep(1000);
    CHECK(atomic_load(count) >= least);
}

typedef struct putter {
    pthread_t thread;
    gd_sink *sink;
    int number, put;
} putter;

static void *put_many(void *argument)
{
    putter *p = argument;
    for (int i = 0; i < EACH; i++)
        p->put += put(p->sink, p->number, p->put, (size_t)(i * 7919) % 5000);
    return NULL;
}

static void all_at_once(size_t buffer_bytes, seen *s, int *put_in_all, uint64_t *dropped)
{
    putter putters[PUTTERS];
    gd_sink *sink = open_sink(buffer_bytes, s);
    for (int i = 0; i < PUTTERS; i++) {
        putters[i] = (putter){.sink = sink, .number = i};
        pthread_create(&putters[i].thread, NULL, put_many, &putters[i]);
    }
    *put_in_all = 0;
    for (int i = 0; i < PUTTERS; i++) {
        pthread_join(putters[i].thread, NULL);
        *put_in_all += putters[i].put;
    }
    *dropped = gd_sink_dropped(sink);
    gd_sink_close(sink);
}

TEST(every_record_of_many_threads_comes_once_and_in_order)
{
    seen s = {.again = INFINITY};
    int n;
    uint64_t dropped;
    all_at_once((size_t)1 << 30, &s, &n, &dropped);
    CHECK(!s.wrong);
    CHECK_EQ_INT(dropped, 0);
    CHECK_EQ_INT(n, PUTTERS * EACH);
    CHECK_EQ_INT(atomic_load(&s.records), PUTTERS * EACH);
}

TEST(what_finds_no_room_is_counted_and_nothing_else_is_lost)
{
    seen s = {.again = INFINITY};
    int n;
    uint64_t dropped;
    all_at_once(20000, &s, &n, &dropped);
    CHECK(!s.wrong);
    CHECK(dropped > 0);
    CHECK_EQ_INT(n + (long long)dropped, PUTTERS * EACH);
    CHECK_EQ_INT(atomic_load(&s.records), n);
}

TEST(putting_does_not_wait_for_a_writer_that_hangs)
{
    sem_t gate;
    sem_init(&gate, 0, 0);
    seen s = {.again = INFINITY, .gate = &gate};
    gd_sink *sink = open_sink((size_t)1 << 20, &s);
    const double start = gd_seconds();
    int n = 0;
    for (int i = 0; i < 1000; i++)
        n += put(sink, 0, n, 3000);
    CHECK(gd_seconds() - start < 0.5);
    CHECK(n >= 300 && n < 350); /* a megabyte's worth, whichever half they are in */
    CHECK_EQ_INT(gd_sink_dropped(sink), 1000 - n);
    for (int i = 0; i < n; i++)
        sem_post(&gate);
    gd_sink_close(sink);
    CHECK_EQ_INT(atomic_load(&s.records), n);
    CHECK(!s.wrong);
    sem_destroy(&gate);
}

TEST(flushes_within_a_second_and_then_sleeps)
{
    seen s = {.again = INFINITY};
    gd_sink *sink = open_sink((size_t)1 << 20, &s);
    wait_for(&s.flushes, 1);
    put(sink, 0, 0, 10);
    const double start = gd_seconds();
    wait_for(&s.records, 1);
    CHECK(gd_seconds() - start > 0.5); /* others might have come along */
    CHECK(gd_seconds() - start < 3.0);
    wait_for(&s.flushes, 2);

    struct rusage before, after;
    usleep(20000);
    getrusage(RUSAGE_SELF, &before);
    usleep(400000);
    getrusage(RUSAGE_SELF, &after);
    CHECK(after.ru_nvcsw - before.ru_nvcsw <= 2); /* our own sleep */
    CHECK_EQ_INT(atomic_load(&s.flushes), 2);

    put(sink, 0, 1, 10);
    gd_sink_hurry(sink);
    const double hurried = gd_seconds();
    wait_for(&s.records, 2);
    CHECK(gd_seconds() - hurried < 0.5);
    gd_sink_close(sink);
}

TEST(many_records_are_not_kept_for_a_second)
{
    seen s = {.again = INFINITY};
    gd_sink *sink = open_sink((size_t)1 << 20, &s);
    const double start = gd_seconds();
    put(sink, 0, 0, 4000);
    usleep(50000); /* the writer sleeps until its second is over */
    for (int i = 1; i < 100; i++)
        put(sink, 0, i, 4000);
    wait_for(&s.records, 50);
    CHECK(gd_seconds() - start < 0.5);
    gd_sink_close(sink);
    CHECK_EQ_INT(atomic_load(&s.records), 100);
}

TEST(flushes_when_the_writer_asked_for_it)
{
    seen s = {.again = 0.05};
    gd_sink *sink = open_sink(1000, &s);
    wait_for(&s.flushes, 4);
    CHECK_EQ_INT(atomic_load(&s.records), 0);
    gd_sink_close(sink);
}

/* Resident memory, in pages. */
static long resident(void)
{
    long all = 0, here = 0;
    FILE *stream = fopen("/proc/self/statm", "re");
    CHECK(stream && fscanf(stream, "%ld %ld", &all, &here) == 2);
    fclose(stream);
    return here;
}

TEST(gives_a_bursts_memory_back)
{
    sem_t gate;
    sem_init(&gate, 0, 0);
    seen s = {.again = INFINITY, .gate = &gate};
    gd_sink *sink = open_sink((size_t)64 << 20, &s);
    const long page = sysconf(_SC_PAGESIZE), before = resident();
    int n = 0;
    while (put(sink, 0, n, 4990))
        n++;
    CHECK((resident() - before) * page > 50 << 20);
    for (int i = 0; i < n; i++)
        sem_post(&gate);
    wait_for(&s.records, n);
    usleep(100000);
    CHECK((resident() - before) * page < 10 << 20);
    gd_sink_close(sink);
    sem_destroy(&gate);
}

TEST(what_is_put_after_the_end_is_dropped)
{
    seen s = {.again = INFINITY};
    gd_sink *sink = open_sink(100000, &s);
    CHECK(put(sink, 0, 0, 10));
    gd_sink_end(sink);
    CHECK_EQ_INT(atomic_load(&s.records), 1);
    CHECK(!put(sink, 0, 1, 10));
    gd_sink_end(sink);
    CHECK_EQ_INT(gd_sink_dropped(sink), 1);
    gd_sink_close(sink);
    CHECK_EQ_INT(atomic_load(&s.records), 1);
}

TEST(half_a_small_buffer_is_not_kept_for_a_second)
{
    seen s = {.again = INFINITY};
    gd_sink *sink = open_sink(10000, &s);
    const double start = gd_seconds();
    CHECK(put(sink, 0, 0, 3000) && put(sink, 0, 1, 3000));
    wait_for(&s.records, 2);
    CHECK(gd_seconds() - start < 0.5);
    gd_sink_close(sink);
}

TEST(refuses_a_buffer_of_nothing)
{
    gd_sink *sink;
    gd_error error = {0};
    CHECK_FAILS(gd_sink_open(0, "test", (gd_sink_writer){0}, &sink, &error), GD_INVALID, &error, "0 bytes");
    CHECK(sink == NULL);
    gd_sink_close(NULL);
}
