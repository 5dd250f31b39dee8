// SPDX-License-Identifier: Apache-2.0
#include "plan/tune.h"

#include "base/clock.h"
#include "base/file.h"
#include "plan/choose.h"
#include "plan/tune_table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SAMPLES = 5, MOST_RUNS = 64, HOPELESS = 4 };
static const double long_enough = 1e-3; /* seconds of a sample: far above what a clock and a launch add */

struct gd_tuner {
    const gd_device *device;
    gd_stream *stream;
    double left; /* seconds */
    gd_tune_table table;
    bool has_news;
    char machine[512], path[4096]; /* path "": there is no cache */
};

/* ---- the cache ---- */

/* All that times hang on, but the problem. */
static void describe_machine(const gd_device *device, char *text, size_t bytes)
{
    gd_device_facts facts;
    device->describe(&facts);
    int n = snprintf(text, bytes, "%s, %s, driver %d.%d, runtime %d.%d", facts.name, facts.architecture,
                     facts.driver / 1000, facts.driver % 1000 / 10, facts.runtime / 1000, facts.runtime % 1000 / 10);
    for (size_t i = 0; i < sizeof facts.library / sizeof *facts.library && facts.library[i].name[0]; i++) {
        if (facts.library[i].version[0])
            n += snprintf(text + n, bytes - (size_t)n, ", %s %s", facts.library[i].name, facts.library[i].version);
    }
    snprintf(text + n, bytes - (size_t)n, ", griddle %s", GRIDDLE_VERSION);
}

static gd_status find_path(gd_tuner *tuner, gd_error *error)
{
    char folder[sizeof tuner->path - sizeof tuner->machine];
    GD_TRY(gd_cache_folder(folder, sizeof folder, error));
    int n = snprintf(tuner->path, sizeof tuner->path, "%s/tuned/", folder);
    for (const char *c = tuner->machine; *c && c - tuner->machine < 240; c++) {
        if (*c != ',')
            tuner->path[n++] = *c == ' ' || *c == '/' ? '-' : *c;
    }
    snprintf(tuner->path + n, sizeof tuner->path - (size_t)n, ".txt");
    return GD_OK;
}

static gd_status read_table(gd_tuner *tuner, gd_tune_table *table, gd_error *error)
{
    gd_arena arena = {0};
    char *text;
    size_t length;
    gd_status status = gd_file_read(tuner->path, GD_TUNED_BYTES, &arena, &text, &length, error);
    if (status == GD_OK)
        status = gd_tune_table_parse(table, tuner->machine, text, length, error);
    gd_arena_release(&arena);
    return status;
}

/* What another process has added meanwhile stays; two that write at the same instant may lose lines, which are measured
 * again some day. */
static gd_status write_table(gd_tuner *tuner, gd_error *error)
{
    char folder[sizeof tuner->path];
    gd_text text = {0};
    gd_tune_table all = {0};
    gd_status status = GD_OK;
    snprintf(folder, sizeof folder, "%s", tuner->path);
    *strrchr(folder, '/') = '\0';
    GD_TRY_TO(done, gd_folder_make(folder, error));
    if (read_table(tuner, &all, NULL) != GD_OK)
        gd_tune_table_release(&all);
    for (int i = 0; i < tuner->table.n; i++)
        GD_TRY_TO(done, gd_tune_table_put(&all, &tuner->table.at[i], error));
    gd_tune_table_print(&all, tuner->machine, &text);
    GD_TRY_TO(done, gd_text_status(&text, error));
    status = gd_file_write(tuner->path, text.at, text.length, error);
done:
    gd_tune_table_release(&all);
    gd_text_release(&text);
    return status;
}

gd_status gd_tuner_new(const gd_device *device, double seconds, gd_text *note, gd_tuner **out, gd_error *error)
{
    gd_error reason = {0};
    gd_tuner *tuner = *out = calloc(1, sizeof *tuner);
    if (!tuner)
        return gd_fail(error, GD_NOMEM, "out of memory for tuning");
    tuner->device = device;
    tuner->left = seconds;
    describe_machine(device, tuner->machine, sizeof tuner->machine);
    if (find_path(tuner, &reason) != GD_OK)
        gd_text_add(note, "measured times are not kept: %s", reason.message);
    else if (gd_file_exists(tuner->path) && read_table(tuner, &tuner->table, &reason) != GD_OK)
        gd_text_add(note, "'%s' is not used and will be made anew: %s", tuner->path, reason.message);
    return device->stream_new(&tuner->stream, error);
}

void gd_tuner_free(gd_tuner *tuner, gd_text *note)
{
    gd_error reason = {0};
    if (!tuner)
        return;
    if (tuner->has_news && tuner->path[0] && write_table(tuner, &reason) != GD_OK)
        gd_text_add(note, "%smeasured times are not kept: %s", note->length ? "; " : "", reason.message);
    tuner->device->stream_free(tuner->stream);
    gd_tune_table_release(&tuner->table);
    free(tuner);
}

/* ---- measuring ---- */

typedef struct candidate {
    const gd_impl *impl;
    gd_needs needs;
} candidate;

/* Memory for a step alone, of the widest of what the candidates ask for. */
typedef struct scratch {
    void *memory;
    void *at[GD_OPERANDS];
    gd_ctx ctx;
} scratch;

static size_t aligned(size_t bytes) { return (bytes + 255) / 256 * 256; }

static size_t operand_bytes(const gd_step *step, int operand, const candidate *candidates, int n)
{
    uint32_t touched = gd_op_reads(step->op, &step->problem, step->direction) |
                       gd_op_writes(step->op, &step->problem, step->direction);
    size_t bytes = touched & GD_BIT(operand) ? gd_desc_bytes(step->problem.desc[operand]) : 0;
    for (int i = 0; i < n; i++) {
        size_t asked = operand == GD_WORK ? candidates[i].needs.work_bytes
                       : operand >= GD_FIRST_PARAM && operand < GD_FIRST_OUT
                           ? candidates[i].needs.pack[operand - GD_FIRST_PARAM].bytes
                           : 0;
        bytes = asked > bytes ? asked : bytes;
    }
    return bytes;
}

/* Numbers are bytes of 0x3c: 0.01 in f32 and bf16, 1.06 in f16. Zeros would be too easy a load, and indices among the
 * operands must lie in range: those are 0. */
static gd_status scratch_new(const gd_tuner *tuner, const gd_step *step, const gd_set_options *options,
                             const candidate *candidates, int n, scratch *room)
{
    enum { NUMBERS = 0x3c };
    const gd_device *device = tuner->device;
    size_t offset[GD_OPERANDS], bytes[GD_OPERANDS], end = aligned(sizeof(gd_record)) + aligned(sizeof(gd_tally));
    for (int i = 0; i < GD_OPERANDS; i++) {
        bytes[i] = operand_bytes(step, i, candidates, n);
        offset[i] = end;
        end += aligned(bytes[i]);
    }
    GD_TRY(device->alloc(end, &room->memory, NULL));
    unsigned char *memory = room->memory;
    room->ctx = (gd_ctx){options->threads, (gd_record *)memory, (gd_tally *)(memory + aligned(sizeof(gd_record))), NULL,
                         tuner->stream};
    for (int i = 0; i < GD_OPERANDS; i++) {
        bool numbers = i != GD_WORK && gd_type_epsilon(step->problem.desc[i].type) > 0;
        room->at[i] = bytes[i] ? memory + offset[i] : NULL;
        if (bytes[i] && numbers)
            GD_TRY(device->fill(tuner->stream, room->at[i], NUMBERS, bytes[i]));
    }
    return GD_OK;
}

typedef struct trial {
    const gd_impl *impl;
    const gd_call *call;
    const gd_ctx *ctx;
    int runs;
} trial;

static gd_status run_trial(void *argument)
{
    const trial *t = argument;
    for (int i = 0; i < t->runs; i++)
        GD_TRY(t->impl->run(t->call, t->ctx));
    return GD_OK;
}

/* Seconds of one run. STOPPED: there is no time left. */
static gd_status sample(gd_tuner *tuner, trial *t, double *seconds)
{
    if (tuner->left <= 0)
        return GD_STOPPED;
    double begun = gd_seconds();
    gd_status status = gd_device_time(tuner->device, tuner->stream, run_trial, t, seconds, NULL);
    tuner->left -= gd_seconds() - begun;
    *seconds /= t->runs;
    return status;
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

/* The first run, which is not captured, loads code, the second says how many make a sample; one that is hopelessly
 * behind `best` (0: none yet), or on a clock that tells nothing, needs no more. */
static gd_status time_entry(gd_tuner *tuner, const gd_step *step, const candidate *c, const scratch *room, double best,
                            double *seconds)
{
    gd_call call = {.problem = &step->problem, .state = c->needs.state};
    double all[SAMPLES];
    memcpy(call.at, room->at, sizeof call.at);
    if (c->impl->bind)
        GD_TRY(c->impl->bind(&call));
    trial t = {c->impl, &call, &room->ctx, 1};
    GD_TRY(run_trial(&t));
    GD_TRY(tuner->device->synchronize(tuner->stream, NULL));
    GD_TRY(sample(tuner, &t, seconds));
    if (*seconds <= 0 || (best > 0 && *seconds > HOPELESS * best))
        return GD_OK;
    double runs = long_enough / *seconds;
    t.runs = runs < 1 ? 1 : runs > MOST_RUNS ? MOST_RUNS : (int)runs;
    for (int i = 0; i < SAMPLES; i++)
        GD_TRY(sample(tuner, &t, &all[i]));
    qsort(all, SAMPLES, sizeof *all, by_value);
    *seconds = all[SAMPLES / 2];
    return GD_OK;
}

static int prepare(const gd_step *step, const gd_set_options *options, const gd_impl *const *order, int n,
                   candidate candidates[GD_TUNED_ENTRIES])
{
    int able = 0;
    for (int i = 0; i < n && able < GD_TUNED_ENTRIES; i++) {
        const gd_impl *impl = order[i];
        candidate *c = &candidates[able];
        if (gd_impl_refuses(impl, &step->problem, options->device->kind, options->features))
            continue;
        *c = (candidate){.impl = impl};
        able += !impl->prepare || impl->prepare(&step->problem, options->threads, &c->needs, NULL) == GD_OK;
    }
    return able;
}

/* An entry that fails is left out; if time runs out, all that was measured of this problem is. */
static void measure(gd_tuner *tuner, const gd_step *step, const gd_set_options *options, const gd_impl *const *order,
                    int n, const char *problem)
{
    candidate candidates[GD_TUNED_ENTRIES];
    scratch room = {0};
    gd_tuned tuned = {.problem = problem};
    double best = 0;
    int able = prepare(step, options, order, n, candidates);
    gd_status status = able > 1 ? scratch_new(tuner, step, options, candidates, able, &room) : GD_UNSUPPORTED;
    for (int i = 0; i < able && room.memory && status != GD_STOPPED; i++) {
        double seconds;
        status = time_entry(tuner, step, &candidates[i], &room, best, &seconds);
        if (status != GD_OK)
            continue;
        best = best > 0 && best < seconds ? best : seconds;
        snprintf(tuned.entry[tuned.n].name, sizeof tuned.entry->name, "%s", candidates[i].impl->name);
        tuned.entry[tuned.n++].nanoseconds = (int64_t)(seconds * 1e9 + 0.5);
    }
    if (tuned.n > 0 && status != GD_STOPPED)
        tuner->has_news |= gd_tune_table_put(&tuner->table, &tuned, NULL) == GD_OK;
    if (room.memory)
        tuner->device->free(room.memory);
    for (int i = 0; i < able; i++) {
        if (candidates[i].impl->release)
            candidates[i].impl->release(candidates[i].needs.state);
    }
}

/* ---- asking ---- */

/* A problem as one line: what the op is asked for, and the shapes that all else follows from. */
static void describe(const gd_step *step, gd_arena *arena, gd_text *out)
{
    const gd_problem *problem = &step->problem;
    gd_text_add(out, "%s %s %s%s", step->op->name, gd_direction_name(step->direction), gd_type_name(problem->type),
                problem->training ? " training" : "");
    if (step->op->fields) {
        const gd_attr *settings = gd_fields_print(step->op->fields, problem->params, arena);
        gd_text_add(out, " ");
        if (!settings || gd_attr_print_json(settings, out) != GD_OK)
            out->failed = 1;
    }
    for (int i = GD_IN(0); i < GD_IN(GD_MAX_IN); i++) {
        char shape[64];
        if (problem->desc[i].rank > 0)
            gd_text_add(out, " %s=%s:%s", step->op->operand[i].name,
                        gd_desc_text(problem->desc[i], shape, sizeof shape), gd_type_name(problem->desc[i].type));
    }
    if (problem->unread)
        gd_text_add(out, " unread=%x", problem->unread);
}

static void apply(const gd_tuned *tuned, gd_step *step, const gd_impl **order, int n, gd_arena *arena)
{
    const char *fastest = gd_tuned_fastest(tuned);
    gd_text told = {0};
    for (int i = n - 1; i > 0; i--) {
        if (strcmp(order[i]->name, fastest) == 0 && order[i]->types & GD_BIT(step->problem.type)) {
            gd_choose_prefer(order, i);
            break;
        }
    }
    for (int i = 0; i < tuned->n; i++)
        gd_text_add(&told, "%s%s %.1f us", i ? ", " : "", tuned->entry[i].name,
                    (double)tuned->entry[i].nanoseconds * 1e-3);
    const char *copy = gd_arena_text(arena, told.at);
    step->tuned = copy ? copy : step->tuned;
    gd_text_release(&told);
}

void gd_tuner_order(gd_tuner *tuner, gd_step *step, const gd_set_options *options, const gd_impl **order, int n,
                    gd_arena *arena)
{
    int able = 0;
    for (int i = 0; i < n; i++)
        able += !gd_impl_refuses(order[i], &step->problem, options->device->kind, options->features);
    if (able < 2 || step->op->traits & GD_OP_RANGE) /* the settings of range ops are not all in their fields */
        return;
    gd_text problem = {0};
    gd_arena settings = {0};
    describe(step, &settings, &problem);
    if (gd_text_status(&problem, NULL) == GD_OK) {
        if (!gd_tune_table_find(&tuner->table, problem.at) && tuner->left > 0)
            measure(tuner, step, options, order, n, problem.at);
        const gd_tuned *known = gd_tune_table_find(&tuner->table, problem.at);
        if (known)
            apply(known, step, order, n, arena);
    }
    gd_text_release(&problem);
    gd_arena_release(&settings);
}
