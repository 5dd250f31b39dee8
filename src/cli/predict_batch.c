// SPDX-License-Identifier: Apache-2.0
/* griddle predict RUN|MODEL --input FOLDER|FILE --output FILE: many pictures on all cores, an answer a line, in order.
 *
 *     {"path":"a.png","id":7,"class":"bicycle","probability":0.98,"probabilities":[0.98,0.02],"model":"4f0c…"}
 *     {"path":"b.png","id":8,"error":"neither PNG nor JPEG","model":"4f0c…"}
 *     ╰──────── begin ─────╯╰──────────────────────────────╯╰──── end ────╯
 *
 * `begin` follows from the input, `end` from the model. So a line says by itself what it answers and who answered, and
 * a run that goes on can hold each line that is there against both, without a record beside the file.
 */
#include "cli/predict.h"

#include "base/clock.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/pipe.h"
#include "cli/predict_ask.h"
#include "cli/predict_input.h"
#include "cli/predict_output.h"
#include "cli/predict_progress.h"
#include "cli/stop.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A slow item holds the others up after so many results of each: a picture of many millions of pixels among small ones.
 */
enum { AHEAD = 64 };

/* An item's line. */
typedef struct answered {
    gd_text line;
    bool is_error;
    double part; /* of the input that has been taken */
} answered;

/* What a thread has in hand. */
typedef struct worker {
    gd_asker asker;
    gd_input_item item;
    double part; /* of the input, with this item */
    gd_text begin;
} worker;

typedef struct batch {
    gd_stop *stop;
    gd_input *input;
    gd_output output;
    char end[48];

    int threads;
    worker *worker; /* (threads) */

    gd_input_item held; /* taken, but not answered: whose line was cut off */
    bool holds;

    int64_t before, failed; /* lines of earlier runs; lines with an error, of all */
    double part_before, part;
    gd_batch_progress progress;
} batch;

/* ---- what the pipe calls ---- */

static gd_status take(void *context, int number, bool *more, gd_error *error)
{
    batch *b = context;
    worker *w = &b->worker[number];
    if (b->holds) {
        const gd_input_item empty = w->item;
        w->item = b->held;
        b->held = empty;
        b->holds = false;
        *more = true;
    } else {
        GD_TRY(gd_input_take(b->input, &w->item, more, error));
    }
    w->part = gd_input_part(b->input);
    return GD_OK;
}

/* Whatever is wrong with a picture is its answer, and the batch goes on: too large a one for the memory there is, too.
 */
static gd_status answer(batch *b, worker *w, gd_arena *arena, answered *result, gd_error *error)
{
    gd_asked asked;
    gd_error broken = {0};
    gd_status status = gd_input_read(b->input, &w->item, arena, &asked, &w->begin, &broken);
    GD_TRY(gd_text_status(&w->begin, error));
    if (status == GD_OK)
        status = asked.path ? gd_ask_file(&w->asker, asked.path, &broken)
                            : gd_ask_bytes(&w->asker, "image", asked.bytes, asked.length, &broken);
    result->is_error = status != GD_OK;
    gd_text_add(&result->line, "{%s,", w->begin.at);
    if (result->is_error) {
        gd_text_add(&result->line, "\"error\":");
        gd_text_add_json(&result->line, broken.message);
    } else {
        gd_ask_print_json(&w->asker, &result->line);
    }
    gd_text_add(&result->line, "%s\n", b->end);
    return gd_text_status(&result->line, error);
}

static gd_status work(void *context, int number, void *to, gd_error *error)
{
    batch *b = context;
    answered *result = to;
    worker *w = &b->worker[number];
    gd_arena arena = {0};
    if (!w->asker.session)
        GD_TRY(gd_asker_clone(&b->worker[0].asker, &w->asker, error));
    gd_status status = answer(b, w, &arena, result, error);
    result->part = w->part;
    gd_arena_release(&arena);
    return status;
}

static gd_status give(void *context, void *from, gd_error *error)
{
    batch *b = context;
    answered *result = from;
    b->part = result->part;
    b->failed += result->is_error;
    GD_TRY(gd_output_add(&b->output, &result->line, error));
    result->line.length = 0;
    return GD_OK;
}

static void release_result(void *result) { gd_text_release(&((answered *)result)->line); }

static bool tick(void *context)
{
    batch *b = context;
    gd_batch_progress_show(&b->progress, b->output.lines - b->before, b->output.lines, b->part_before, b->part);
    return b->stop->signal == 0;
}

/* ---- going on with an earlier run ---- */

static gd_status refuse(const batch *b, const char *why, gd_error *error)
{
    return gd_fail(error, GD_INVALID,
                   "'%s' line %" PRId64 " %s; cut the file there, remove it, or name another --output", b->output.name,
                   b->output.lines + 1, why);
}

/* What an answer to the item that is held begins with: "{…,". One that cannot be read has that, too. */
static gd_status print_begin(const batch *b, gd_text *want, gd_error *error)
{
    gd_asked asked;
    gd_arena arena = {0};
    gd_text begin = {0};
    gd_input_read(b->input, &b->held, &arena, &asked, &begin, NULL);
    gd_status status = gd_text_status(&begin, error);
    if (status == GD_OK) {
        gd_text_add(want, "{%s,", begin.at);
        status = gd_text_status(want, error);
    }
    gd_text_release(&begin);
    gd_arena_release(&arena);
    return status;
}

/* Holds one line against the item that it has to answer. One that was cut off leaves its item to be answered. */
static gd_status check_line(batch *b, const char *line, size_t length, bool whole, gd_error *error)
{
    gd_text want = {0};
    gd_status status;
    GD_TRY_TO(done, print_begin(b, &want, error));
    const size_t compared = want.length < length ? want.length : length, end = strlen(b->end);
    if ((whole && length < want.length + end) || memcmp(line, want.at, compared) != 0) {
        status = refuse(b, "is no answer to this input", error);
    } else if (whole && memcmp(line + length - end, b->end, end) != 0) {
        status = refuse(b, "is the answer of another model", error);
    } else if (whole) {
        b->failed += strncmp(line + want.length, "\"error\":", 8) == 0;
        gd_output_keep(&b->output);
    } else {
        b->holds = true;
    }
done:
    gd_text_release(&want);
    return status;
}

static gd_status check_earlier(batch *b, gd_error *error)
{
    const char *line;
    size_t length;
    bool whole = true, more;
    while (whole && gd_output_earlier(&b->output, &line, &length, &whole)) {
        GD_TRY(gd_input_take(b->input, &b->held, &more, error));
        if (b->stop->signal)
            return gd_fail(error, GD_STOPPED, "stopped while looking at '%s'", b->output.name);
        if (!more)
            return refuse(b, "is behind the end of the input", error);
        GD_TRY(check_line(b, line, length, whole, error));
    }
    b->before = b->output.lines;
    b->part_before = b->part = b->before > 0 ? gd_input_part(b->input) : 0;
    if (b->before > 0)
        fprintf(stderr, "'%s' has %" PRId64 " answers; going on behind them\n", b->output.name, b->before);
    return GD_OK;
}

/* ---- the whole ---- */

/* Tells models apart: lines of one file must be of one. */
static gd_status print_end(batch *b, const char *path, gd_error *error)
{
    void *map;
    size_t bytes;
    GD_TRY(gd_file_map(path, &map, &bytes, error));
    snprintf(b->end, sizeof b->end, ",\"model\":\"%016" PRIx64 "\"}", gd_digest(GD_DIGEST_START, map, bytes));
    gd_file_unmap(map, bytes);
    return GD_OK;
}

static gd_status prepare(batch *b, gd_command *command, const gd_model *model, const char *path, gd_error *error)
{
    const char *input = gd_command_option(command, "--input"), *output = gd_command_option(command, "--output");
    GD_TRY(gd_command_int(command, "--threads", 1, GD_PIPE_THREADS, gd_pipe_cores(), &b->threads, error));
    GD_TRY(gd_input_open(input, &b->stop->signal, &b->input, error));
    const int64_t n = gd_input_count(b->input);
    b->threads = n >= 0 && n < b->threads ? (int)n : b->threads;
    b->worker = gd_arena_alloc(&command->arena, (size_t)b->threads, sizeof *b->worker);
    if (!b->worker)
        return gd_fail(error, GD_NOMEM, "out of memory for %d threads", b->threads);
    GD_TRY(gd_asker_init(&b->worker[0].asker, model, error)); /* the others when they are needed */
    GD_TRY(print_end(b, path, error));
    if (strcmp(output, "-") != 0 && gd_input_is(b->input, output))
        return gd_fail(error, GD_INVALID, "'%s' is the input: name another --output", output);
    GD_TRY(gd_output_open(output, &b->output, error));
    GD_TRY(check_earlier(b, error));
    return gd_output_begin(&b->output, error);
}

static void release(batch *b)
{
    for (int i = 0; b->worker && i < b->threads; i++) {
        gd_asker_release(&b->worker[i].asker);
        gd_text_release(&b->worker[i].item.line);
        gd_text_release(&b->worker[i].begin);
    }
    gd_text_release(&b->held.line);
    gd_output_close(&b->output);
    gd_input_close(b->input);
}

static gd_status answer_all(batch *b, gd_error *error)
{
    const gd_pipe pipe = {b, b->threads, AHEAD, sizeof(answered), take, work, give, tick, release_result};
    const bool regular = b->output.regular;
    gd_batch_progress_begin(&b->progress, !regular); /* standard output may be the same terminal */
    gd_status status = gd_pipe_run(&pipe, error);
    gd_batch_progress_clear(&b->progress);
    if (status == GD_OK)
        status = gd_output_sync(&b->output, error);
    const int64_t done = b->output.lines - b->before;
    if (status != GD_OK)
        return gd_error_prefix(error, (gd_place){0}, "behind %" PRId64 " answers", b->output.lines);
    if (b->stop->signal)
        return gd_fail(error, GD_STOPPED, "stopped behind %" PRId64 " answers%s", b->output.lines,
                       regular ? "; the same command goes on there" : "");
    if (regular) {
        const double seconds = gd_seconds() - b->progress.start;
        fprintf(stderr, "answered %" PRId64 " pictures in %.1f s, %.0f/s; '%s' has %" PRId64 "\n", done, seconds,
                seconds > 0 ? (double)done / seconds : 0, b->output.name, b->output.lines);
    }
    return b->failed == 0
               ? GD_OK
               : gd_fail(error, GD_FORMAT, "%" PRId64 " of %" PRId64 " pictures have no answer: see their \"error\"",
                         b->failed, b->output.lines);
}

gd_status gd_predict_batch(gd_command *command, const gd_model *model, const char *path, gd_error *error)
{
    batch b = {.stop = gd_stop_catch(true), .output = {.file = -1}};
    gd_status status = prepare(&b, command, model, path, error);
    if (status == GD_OK)
        status = answer_all(&b, error);
    if (status == GD_STOPPED)
        command->exit_code = 128 + b.stop->signal;
    release(&b);
    return status;
}
