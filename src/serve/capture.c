// SPDX-License-Identifier: Apache-2.0
#include "serve/capture.h"

#include "base/arena.h"
#include "base/text.h"
#include "serve/capture_files.h"
#include "serve/capture_line.h"
#include "serve/sink.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define DISK_PERCENT 75.0
#define FILE_SECONDS 60.0
enum { BUFFER_BYTES = 64 << 20, FILE_BYTES = 16 << 20, KEEP_BYTES = 1 << 20 };

struct gd_capture {
    gd_capture_options o; /* its strings are ours */
    gd_arena arena;
    uint64_t seed;
    atomic_uint_least64_t drawn;
    gd_capture_files *files;
    gd_sink *sink;
    gd_text line; /* the writer's */
    bool mended;  /* the writer's */
};

/* ---- a record in the buffer: this, then its texts one behind the other, each with a 0 behind it ---- */

enum { ENDPOINT, VARIANT, INPUT_TYPE, OUTPUT_TYPE, EVENT_ID, INFERENCE_ID, ATTRIBUTES, FIGURES, INPUT, OUTPUT, TEXTS };

typedef struct buffered {
    int64_t time_ms;
    size_t bytes[TEXTS]; /* with the 0; 0: NULL */
} buffered;

void gd_capture_put(gd_capture *capture, const gd_capture_record *r)
{
    const bool input = capture->o.input, output = capture->o.output;
    const char *const texts[] = {[ENDPOINT] = r->endpoint,
                                 [VARIANT] = r->variant,
                                 [INPUT_TYPE] = input ? r->input_type : NULL,
                                 [OUTPUT_TYPE] = output ? r->output_type : NULL,
                                 [EVENT_ID] = r->event_id,
                                 [INFERENCE_ID] = r->inference_id,
                                 [ATTRIBUTES] = r->custom_attributes,
                                 [FIGURES] = capture->o.figures ? r->figures : NULL};
    buffered head = {.time_ms = r->time_ms};
    gd_sink_piece pieces[1 + INPUT + 4] = {{&head, sizeof head}};
    int n = 1;
    for (int i = 0; i < INPUT; i++) {
        head.bytes[i] = texts[i] ? strlen(texts[i]) + 1 : 0;
        if (texts[i])
            pieces[n++] = (gd_sink_piece){texts[i], head.bytes[i]};
    }
    head.bytes[INPUT] = (input ? r->input_bytes : 0) + 1;
    pieces[n++] = (gd_sink_piece){r->input, head.bytes[INPUT] - 1};
    pieces[n++] = (gd_sink_piece){"", 1};
    head.bytes[OUTPUT] = (output ? r->output_bytes : 0) + 1;
    pieces[n++] = (gd_sink_piece){r->output, head.bytes[OUTPUT] - 1};
    pieces[n++] = (gd_sink_piece){"", 1};
    gd_sink_put(capture->sink, pieces, n);
}

/* ---- the writer ---- */

static void write_record(void *context, const void *record, size_t bytes)
{
    gd_capture *capture = context;
    const buffered *head = record;
    const char *texts[TEXTS], *at = (const char *)(head + 1);
    (void)bytes;
    if (!gd_capture_files_ready(capture->files)) {
        gd_capture_files_refuse(capture->files);
        return;
    }
    for (int i = 0; i < TEXTS; i++) {
        texts[i] = head->bytes[i] > 0 ? at : NULL;
        at += head->bytes[i];
    }
    gd_capture_line(&capture->line, &capture->o,
                    &(gd_capture_record){.input_type = texts[INPUT_TYPE],
                                         .output_type = texts[OUTPUT_TYPE],
                                         .input = texts[INPUT],
                                         .output = texts[OUTPUT],
                                         .input_bytes = head->bytes[INPUT] - 1,
                                         .output_bytes = head->bytes[OUTPUT] - 1,
                                         .event_id = texts[EVENT_ID],
                                         .inference_id = texts[INFERENCE_ID],
                                         .custom_attributes = texts[ATTRIBUTES],
                                         .time_ms = head->time_ms,
                                         .figures = texts[FIGURES]});
    if (capture->line.failed) {
        capture->line.failed = 0;
        gd_capture_files_refuse(capture->files);
    } else {
        gd_capture_files_add(capture->files, texts[ENDPOINT], texts[VARIANT], head->time_ms, capture->line.at,
                             capture->line.length);
    }
    capture->line.length = 0;
    if (capture->line.capacity > KEEP_BYTES)
        gd_text_release(&capture->line);
}

static double flush(void *context)
{
    gd_capture *capture = context;
    if (!capture->mended)
        gd_capture_mend(capture->o.folder);
    capture->mended = true;
    return gd_capture_files_flush(capture->files);
}

/* ---- the rest ---- */

/* SplitMix64 (Steele, Lea and Flood, 2014): its n-th number is a function of n alone, so that threads share nothing but
 * a count. */
static uint64_t split_mix(uint64_t seed, uint64_t n)
{
    uint64_t z = seed + (n + 1) * 0x9E3779B97F4A7C15u;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
}

bool gd_capture_draw(gd_capture *capture)
{
    const uint64_t n = atomic_fetch_add_explicit(&capture->drawn, 1, memory_order_relaxed);
    const double unit = (double)(split_mix(capture->seed, n) >> 11) * 0x1p-53; /* in [0, 1) */
    return 100.0 * unit < capture->o.percent;
}

gd_capture_counts gd_capture_count(gd_capture *capture)
{
    const gd_capture_tally tally = gd_capture_files_tally(capture->files);
    return (gd_capture_counts){.records = tally.lines,
                               .bytes = tally.bytes,
                               .refused = tally.refused,
                               .dropped = gd_sink_dropped(capture->sink)};
}

static const char *const *copy_list(gd_arena *arena, const char *const *list)
{
    size_t n = 0;
    while (list && list[n])
        n++;
    const char **copy = list ? gd_arena_alloc(arena, n + 1, sizeof *copy) : NULL;
    for (size_t i = 0; copy && i < n; i++) {
        if (!(copy[i] = gd_arena_text(arena, list[i])))
            return NULL;
    }
    return copy;
}

static gd_status copy_options(gd_capture *capture, const gd_capture_options *o, gd_error *error)
{
    if (!(o->percent >= 0.0 && o->percent <= 100.0))
        return gd_fail(error, GD_INVALID, "capture records %g%% of requests, outside 0 to 100", o->percent);
    if (!(o->disk_percent >= 0.0 && o->disk_percent <= 100.0))
        return gd_fail(error, GD_INVALID, "capture's limit for the disk is %g%%, outside 0 to 100", o->disk_percent);
    if (!(o->file_seconds >= 0.0))
        return gd_fail(error, GD_INVALID, "capture begins a file every %g seconds, less than 0", o->file_seconds);
    if (!o->folder || !o->endpoint)
        return gd_fail(error, GD_INVALID, "capture has no %s", o->folder ? "endpoint" : "folder");
    capture->o = *o;
    capture->o.folder = gd_arena_text(&capture->arena, o->folder);
    capture->o.endpoint = gd_arena_text(&capture->arena, o->endpoint);
    capture->o.json_types = copy_list(&capture->arena, o->json_types);
    capture->o.csv_types = copy_list(&capture->arena, o->csv_types);
    if (!capture->o.folder || !capture->o.endpoint || (o->json_types && !capture->o.json_types) ||
        (o->csv_types && !capture->o.csv_types))
        return gd_fail(error, GD_NOMEM, "out of memory for capture's options");
    return GD_OK;
}

static void release(gd_capture *capture)
{
    gd_capture_files_close(capture->files);
    gd_text_release(&capture->line);
    gd_arena_release(&capture->arena);
    free(capture);
}

gd_status gd_capture_open(const gd_capture_options *options, gd_capture **out, gd_error *error)
{
    *out = NULL;
    gd_capture *capture = calloc(1, sizeof *capture);
    if (!capture)
        return gd_fail(error, GD_NOMEM, "out of memory for capture");
    gd_status status;
    GD_TRY_TO(failed, copy_options(capture, options, error));
    if (getrandom(&capture->seed, sizeof capture->seed, 0) != (ssize_t)sizeof capture->seed) {
        status = gd_fail(error, GD_IO, "cannot draw random numbers: %s", strerror(errno));
        goto failed;
    }
    const gd_capture_files_options files = {
        .folder = capture->o.folder,
        .endpoint = capture->o.endpoint,
        .disk_percent = options->disk_percent > 0 ? options->disk_percent : DISK_PERCENT,
        .file_seconds = options->file_seconds > 0 ? options->file_seconds : FILE_SECONDS,
        .file_bytes = options->file_bytes ? options->file_bytes : FILE_BYTES};
    GD_TRY_TO(failed, gd_capture_files_open(&files, &capture->files, error));
    const gd_sink_writer writer = {.record = write_record, .flush = flush, .context = capture};
    GD_TRY_TO(failed, gd_sink_open(options->buffer_bytes ? options->buffer_bytes : BUFFER_BYTES, "griddle-capture",
                                   writer, &capture->sink, error));
    *out = capture;
    return GD_OK;
failed:
    release(capture);
    return status;
}

void gd_capture_end(gd_capture *capture)
{
    if (!capture)
        return;
    gd_sink_end(capture->sink);
    gd_capture_files_end(capture->files);
}

void gd_capture_close(gd_capture *capture)
{
    if (!capture)
        return;
    gd_capture_end(capture);
    gd_sink_close(capture->sink);
    release(capture);
}
