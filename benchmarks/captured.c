// SPDX-License-Identifier: Apache-2.0
/* How fast captures are read: griddle-captured-bench FOLDER [ROUNDS]
 *
 * Writes files of lines as serve/capture_line.h makes them into FOLDER, about 100 MB each, and reads each of them
 * ROUNDS times (5) on one thread, out of the page cache. Prints a JSON object a case: the median and the least CPU time
 * and wall time, and MB/s and records/s of the median. Built with the tests: build/release/tests/griddle-captured-bench
 */
#include "captured/captured.h"
#include "base/text.h"
#include "image/figures.h"
#include "serve/capture_line.h"
#include "serve/number.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { FILE_BYTES = 100000000, DISTINCT = 500, MOST_ROUNDS = 99 };

typedef struct kind {
    const char *name;
    int body_bytes, features; /* of a picture; features < 0: no "griddle" */
    int classes;
} kind;

static const kind kinds[] = {
    {"answers", 0, -1, 2},          {"answers of 1000 classes", 0, -1, 1000}, {"answers and figures", 0, 0, 10},
    {"and 64 features", 0, 64, 10}, {"and a PNG of 3 kB", 3000, 64, 10},      {"and a JPEG of 300 kB", 300000, 64, 10},
};

/* Numbers that differ, the same in every run. */
static float unit(void)
{
    static uint64_t state = 7;
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (float)(state >> 40) * 0x1p-24f;
}

static void add_record(gd_text *text, const kind *k, int i)
{
    static uint8_t body[300000];
    gd_text output = {0}, figures = {0};
    float *p = calloc((size_t)k->classes, sizeof *p), features[64];
    char id[40];
    for (int c = 0; c < k->classes; c++)
        p[c] = unit();
    gd_number_add_list(&output, p, k->classes, ",");
    gd_text_add(&figures, "{\"pictures\":[{");
    for (int f = 0; f < GD_FIGURES; f++)
        gd_text_add(&figures, "%s\"%s\":%.9g", f ? "," : "", gd_figure_table[f].name, (double)unit());
    gd_text_add(&figures, ",\"format\":\"png\",\"bytes\":%d", k->body_bytes);
    if (k->features > 0) {
        for (int f = 0; f < k->features; f++)
            features[f] = 4 * unit();
        gd_text_add(&figures, ",\"features\":");
        gd_number_add_list(&figures, features, k->features, ",");
    }
    gd_text_add(&figures, "}]}");
    for (int b = 0; b < k->body_bytes; b++)
        body[b] = (uint8_t)(256 * unit());
    snprintf(id, sizeof id, "0b6c1f0e-3a59-4a3b-9b3f-%012d", i);
    gd_capture_line(text,
                    &(gd_capture_options){.input = k->body_bytes > 0, .output = true, .figures = k->features >= 0},
                    &(gd_capture_record){.input_type = "image/png",
                                         .input = body,
                                         .input_bytes = (size_t)k->body_bytes,
                                         .output_type = "application/json",
                                         .output = output.at,
                                         .output_bytes = output.length,
                                         .event_id = id,
                                         .time_ms = 1795741323456 + i,
                                         .figures = figures.at});
    gd_text_release(&output);
    gd_text_release(&figures);
    free(p);
}

static int write_file(const char *path, const kind *k)
{
    gd_text text = {0};
    for (int i = 0; i < DISTINCT && text.length < FILE_BYTES; i++)
        add_record(&text, k, i);
    FILE *file = fopen(path, "wb");
    for (size_t written = 0; file && !text.failed && written < FILE_BYTES; written += text.length)
        fwrite(text.at, 1, text.length, file);
    const int failed = !file || text.failed || fclose(file) != 0;
    gd_text_release(&text);
    return failed;
}

static double seconds(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* All of it, as a sum of each record's numbers, so that nothing can be left out. */
static gd_status read_file(const char *path, gd_captured_counts *counts, double *sum, gd_error *error)
{
    gd_captured *captured;
    const gd_captured_record *r;
    const gd_captured_options options = {.paths = (const char *const[]){path, NULL}};
    GD_TRY(gd_captured_open(&options, &captured, error));
    gd_status status;
    while ((status = gd_captured_next(captured, &r, error)) == GD_OK && r) {
        for (int i = 0; r->probability && i < r->n_pictures * r->n_classes; i++)
            *sum += r->probability[i];
        for (int i = 0; r->pictures && i < GD_FIGURES; i++)
            *sum += r->pictures->figure[i];
        for (int i = 0; r->pictures && i < r->pictures->n_features; i++)
            *sum += (double)r->pictures->features[i];
    }
    *counts = *gd_captured_count(captured);
    gd_captured_close(captured);
    return status;
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static int measure(const char *path, const kind *k, int rounds)
{
    double cpu[MOST_ROUNDS], wall[MOST_ROUNDS], sum = 0;
    gd_captured_counts counts = {0};
    gd_error error = {0};
    char said[1024];
    for (int i = 0; i < rounds; i++) {
        const double c = seconds(CLOCK_PROCESS_CPUTIME_ID), w = seconds(CLOCK_MONOTONIC);
        if (read_file(path, &counts, &sum, &error) != GD_OK || counts.broken || counts.strange || counts.unread) {
            fprintf(stderr, "captured-bench: %s: %s\n", k->name, gd_error_text(&error, said, sizeof said));
            return 1;
        }
        cpu[i] = seconds(CLOCK_PROCESS_CPUTIME_ID) - c;
        wall[i] = seconds(CLOCK_MONOTONIC) - w;
    }
    qsort(cpu, (size_t)rounds, sizeof *cpu, by_value);
    qsort(wall, (size_t)rounds, sizeof *wall, by_value);
    printf("{\"case\":\"%s\",\"n\":%d,\"bytes\":%lld,\"records\":%lld,\"cpu_s\":%.4f,\"least_cpu_s\":%.4f,"
           "\"wall_s\":%.4f,\"least_wall_s\":%.4f,\"mb_per_cpu_s\":%.0f,\"records_per_cpu_s\":%.0f,\"sum\":%.9g}\n",
           k->name, rounds, (long long)counts.bytes, (long long)counts.records, cpu[rounds / 2], cpu[0],
           wall[rounds / 2], wall[0], (double)counts.bytes / cpu[rounds / 2] / 1e6,
           (double)counts.records / cpu[rounds / 2], sum / rounds);
    return 0;
}

int main(int argc, char **argv)
{
    const int rounds = argc > 2 ? atoi(argv[2]) : 5;
    char path[4096];
    if (argc < 2 || rounds < 1 || rounds > MOST_ROUNDS) {
        fprintf(stderr, "usage: griddle-captured-bench FOLDER [ROUNDS]\n");
        return 2;
    }
    snprintf(path, sizeof path, "%s/captured-bench.jsonl", argv[1]);
    int failed = 0;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds && !failed; i++) {
        failed = write_file(path, &kinds[i]);
        if (failed)
            fprintf(stderr, "captured-bench: cannot write '%s'\n", path);
        failed = failed || measure(path, &kinds[i], rounds);
        unlink(path);
    }
    return failed;
}
