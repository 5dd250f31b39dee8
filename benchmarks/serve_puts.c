// SPDX-License-Identifier: Apache-2.0
/* What capture and the access log cost on a request's path: griddle-serve-puts FOLDER [ROUNDS]
 *
 * Records of a 3 kB picture and its answer, and lines of the access log, are put by one thread and by two at once, in
 * bursts of a thousand with the writer's work between them, so that no record is left out. Prints a JSON object per
 * case: n, the median, p99 and mean of a call in ns, CPU time of the calls and of the writer in ns a record, and how
 * many were dropped (0, or the figures say nothing). Built with the tests: build/release/tests/griddle-serve-puts */
#include "serve/access.h"
#include "serve/capture.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { BURST = 1000, PICTURE = 3000, MOST_THREADS = 2 };

static uint64_t ns_of(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

typedef struct target {
    gd_capture *capture;
    gd_access_log *log; /* one of the two */
} target;

static uint8_t picture[PICTURE];

static void put(const target *t)
{
    if (t->capture)
        gd_capture_put(t->capture, &(gd_capture_record){.variant = "AllTraffic",
                                                        .input_type = "image/png",
                                                        .input = picture,
                                                        .input_bytes = sizeof picture,
                                                        .output_type = "application/json",
                                                        .output = "[0.971234567,0.0287654331]",
                                                        .output_bytes = 26,
                                                        .event_id = "0b6c1f0e-3a59-4a3b-9b3f-5d1f7a0c2e11",
                                                        .time_ms = 1795741323456});
    else
        gd_access_log_put(t->log, &(gd_access){.id = "0b6c1f0e-3a59-4a3b-9b3f-5d1f7a0c2e11",
                                               .client = "127.0.0.1",
                                               .method = "POST",
                                               .path = "/invocations",
                                               .variant = "AllTraffic",
                                               .code = 200,
                                               .time_ms = 1795741323456,
                                               .received = PICTURE,
                                               .sent = 26});
}

typedef struct putter {
    pthread_t thread;
    const target *to;
    uint64_t *ns; /* (BURST) of each call */
    uint64_t cpu;
} putter;

static void *burst(void *argument)
{
    putter *p = argument;
    const uint64_t cpu = ns_of(CLOCK_THREAD_CPUTIME_ID);
    uint64_t before = ns_of(CLOCK_MONOTONIC);
    for (int i = 0; i < BURST; i++) {
        put(p->to);
        const uint64_t now = ns_of(CLOCK_MONOTONIC);
        p->ns[i] = now - before;
        before = now;
    }
    p->cpu += ns_of(CLOCK_THREAD_CPUTIME_ID) - cpu;
    return NULL;
}

static int ascending(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static void measure(const char *what, const target *to, int threads, int rounds, const char *folder)
{
    const size_t n = (size_t)threads * (size_t)rounds * BURST;
    uint64_t *ns = calloc(n, sizeof *ns), cpu = 0, sum = 0;
    if (!ns)
        exit(1);
    const uint64_t all = ns_of(CLOCK_PROCESS_CPUTIME_ID);
    for (int round = 0; round < rounds; round++) {
        putter putters[MOST_THREADS] = {{0}};
        for (int t = 0; t < threads; t++) {
            putters[t] = (putter){.to = to, .ns = ns + (size_t)(round * threads + t) * BURST};
            if (pthread_create(&putters[t].thread, NULL, burst, &putters[t]) != 0)
                exit(1);
        }
        for (int t = 0; t < threads; t++) {
            pthread_join(putters[t].thread, NULL);
            cpu += putters[t].cpu;
        }
        usleep(50000); /* the writer's */
    }
    const uint64_t dropped = to->capture ? gd_capture_count(to->capture).dropped : gd_access_log_dropped(to->log);
    usleep(1200000); /* the last flush */
    const uint64_t writer = ns_of(CLOCK_PROCESS_CPUTIME_ID) - all - cpu;
    for (size_t i = 0; i < n; i++)
        sum += ns[i];
    qsort(ns, n, sizeof *ns, ascending);
    printf(
        "{\"what\":\"%s\",\"threads\":%d,\"n\":%zu,\"median_ns\":%llu,\"p99_ns\":%llu,\"mean_ns\":%llu,\"cpu_ns\":%llu,"
        "\"writer_cpu_ns\":%llu,\"dropped\":%llu,\"folder\":\"%s\"}\n",
        what, threads, n, (unsigned long long)ns[n / 2], (unsigned long long)ns[n - 1 - n / 100],
        (unsigned long long)(sum / n), (unsigned long long)(cpu / n), (unsigned long long)(writer / n),
        (unsigned long long)dropped, folder);
    fflush(stdout);
    free(ns);
}

int main(int argc, char **argv)
{
    const int rounds = argc > 2 ? atoi(argv[2]) : 20;
    char path[4096], text[1024];
    gd_error error = {0};
    target capture = {0}, log = {0};
    if (argc < 2 || rounds < 1) {
        fprintf(stderr, "usage: griddle-serve-puts FOLDER [ROUNDS]\n");
        return 2;
    }
    for (size_t i = 0; i < sizeof picture; i++)
        picture[i] = (uint8_t)((uint32_t)i * 2654435761u >> 24);
    const gd_capture_options options = {.folder = argv[1],
                                        .endpoint = "griddle",
                                        .percent = 100.0,
                                        .input = true,
                                        .output = true,
                                        .disk_percent = 100.0};
    snprintf(path, sizeof path, "%s/access.log", argv[1]);
    if (gd_capture_open(&options, &capture.capture, &error) != GD_OK ||
        gd_access_log_open(path, &log.log, &error) != GD_OK) {
        fprintf(stderr, "%s\n", gd_error_text(&error, text, sizeof text));
        return 1;
    }
    for (int threads = 1; threads <= MOST_THREADS; threads++) {
        measure("capture", &capture, threads, rounds, argv[1]);
        measure("access log", &log, threads, rounds, argv[1]);
    }
    gd_capture_close(capture.capture);
    gd_access_log_close(log.log);
    return 0;
}
