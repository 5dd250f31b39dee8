// SPDX-License-Identifier: Apache-2.0
/* griddle-metrics cost: nanoseconds of CPU that counting one request takes, on 1 and on 2 threads that count for the
 * same variant, as one JSON object. griddle-metrics text: what a server would answer
 * to GET /metrics whose figures judge/metrics_as_prometheus.py knows. */
#include "serve/metrics.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { ROUNDS = 1000000, REPEATS = 5 };

static const char *const classes[] = {"air\"plane", "back\\slash", "line\nbreak", "gr\xc3\xbc\xc3\x9f", "plain"};

/* Like a server: it was put into the queue and taken out, computed alone, and answered. Times spread over all buckets.
 */
static void count_request(gd_variant_metrics *variant, uint64_t i)
{
    const uint64_t spread = i * UINT64_C(0x9e3779b97f4a7c15) >> 44;
    const gd_request_times times = {spread, spread / 2, 60000 + spread / 8, 300000 + spread, 400000 + 4 * spread};
    gd_metrics_queue(variant, +1);
    gd_metrics_queue(variant, -1);
    gd_metrics_batch(variant, 1);
    gd_metrics_prediction(variant, (int)(i % 5), (float)spread / (float)(1 << 20));
    gd_metrics_request(variant, 200, &times, 2801, 25);
}

typedef struct counter {
    pthread_t thread;
    gd_variant_metrics *variant;
    double nanoseconds; /* of CPU, a request */
} counter;

static double cpu_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void *count_many(void *argument)
{
    counter *c = argument;
    const double start = cpu_seconds();
    for (uint64_t i = 0; i < ROUNDS; i++)
        count_request(c->variant, i);
    c->nanoseconds = 1e9 * (cpu_seconds() - start) / ROUNDS;
    return NULL;
}

/* The most that any thread took, in the best of some repeats. */
static double cost(gd_variant_metrics *variant, int threads)
{
    double best = 1e12;
    for (int repeat = 0; repeat < REPEATS; repeat++) {
        counter counters[2] = {{.variant = variant}, {.variant = variant}};
        double worst = 0;
        for (int t = 0; t < threads; t++)
            if (pthread_create(&counters[t].thread, NULL, count_many, &counters[t]) != 0)
                return 1e12;
        for (int t = 0; t < threads; t++) {
            pthread_join(counters[t].thread, NULL);
            worst = counters[t].nanoseconds > worst ? counters[t].nanoseconds : worst;
        }
        best = worst < best ? worst : best;
    }
    return best;
}

static int print_cost(gd_variant_metrics *variant)
{
    const double one = cost(variant, 1), two = cost(variant, 2);
    printf("{\"ns_per_request\": {\"1 thread\": %.0f, \"2 threads\": %.0f}, \"requests\": %d}\n", one, two, ROUNDS);
    return 0;
}

static double fill(void *context) { return *(const double *)context; }

static gd_status print_text(gd_metrics *metrics, gd_variant_metrics *variant, gd_error *error)
{
    const double ratio = 0.125;
    const char *const labels[] = {"file", "a \"model\".safetensors", "classes", "5", NULL};
    gd_variant_metrics *stranger;
    for (uint64_t i = 0; i < 1000; i++)
        count_request(variant, i);
    GD_TRY(gd_metrics_model(metrics, variant, labels, error));
    gd_metrics_reload(variant, 1);
    GD_TRY(gd_metrics_variant(metrics, "\xff{\"\\", NULL, 0, &stranger, error));
    gd_metrics_request(stranger, 404, &(gd_request_times){.total = 20000}, 0, 60);
    GD_TRY(gd_metrics_add(
        metrics, (gd_metrics_source){"griddle_fill_ratio", "gauge", "How full.", fill, (void *)&ratio}, error));
    gd_text text = {0};
    gd_metrics_write(metrics, &text);
    const gd_status status = gd_text_status(&text, error);
    if (status == GD_OK)
        fputs(text.at, stdout);
    gd_text_release(&text);
    return status;
}

int main(int argc, char **argv)
{
    gd_error error = {0};
    gd_metrics *metrics = NULL;
    gd_variant_metrics *variant;
    int code = 0;
    gd_status status = gd_metrics_new(&metrics, &error);
    if (status == GD_OK)
        status = gd_metrics_variant(metrics, "AllTraffic", classes, 5, &variant, &error);
    if (status == GD_OK && argc == 2 && strcmp(argv[1], "cost") == 0) {
        code = print_cost(variant);
    } else if (status == GD_OK && argc == 2 && strcmp(argv[1], "text") == 0) {
        status = print_text(metrics, variant, &error);
    } else if (status == GD_OK) {
        fprintf(stderr, "usage: griddle-metrics cost|text\n");
        code = 2;
    }
    if (status != GD_OK) {
        char line[512];
        fprintf(stderr, "griddle-metrics: %s\n", gd_error_text(&error, line, sizeof line));
        code = 1;
    }
    gd_metrics_free(metrics);
    return code;
}
