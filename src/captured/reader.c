// SPDX-License-Identifier: Apache-2.0
/* Files, lines, records; and what is counted and said of them. */
#include "base/text.h"
#include "captured/own.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- opening and closing ---- */

gd_status gd_captured_open(const gd_captured_options *options, gd_captured **result, gd_error *error)
{
    gd_captured *captured = calloc(1, sizeof *captured);
    *result = captured;
    if (!captured)
        return gd_fail(error, GD_NOMEM, "out of memory for a reader of captures");
    gd_captured_options *o = &captured->o;
    *o = *options;
    o->to_ms = o->to_ms == 0 ? INT64_MAX : o->to_ms;
    o->line_bytes = o->line_bytes == 0 ? GD_CAPTURED_LINE : o->line_bytes;
    for (int i = 0; i < GD_FIGURES; i++)
        captured->picture_keys[i] = gd_figure_table[i].name;
    static const char *const others[] = {"format", "bytes", "quality", "features"};
    memcpy(captured->picture_keys + GD_FIGURES, others, sizeof others);

    gd_status status = GD_OK;
    if (o->to_ms <= o->from_ms)
        status = gd_fail(error, GD_INVALID, "a window from %lld to %lld ms ends before it begins",
                         (long long)o->from_ms, (long long)o->to_ms);
    if (status == GD_OK)
        status = gd_files_open(o->paths, o->from_ms, o->to_ms, &captured->files, error);
    if (status == GD_OK)
        status = gd_captured_stream_new(o->line_bytes, &captured->stream, error);
    if (status != GD_OK) {
        gd_captured_close(captured);
        *result = NULL;
    }
    return status;
}

void gd_captured_close(gd_captured *captured)
{
    if (!captured)
        return;
    gd_captured_stream_free(captured->stream);
    gd_files_close(captured->files);
    gd_arena_release(&captured->names);
    gd_arena_release(&captured->line);
    free(captured->body.at);
    free(captured->probability.at);
    free(captured->classes.at);
    free(captured->pictures.at);
    free(captured->features.at);
    free(captured);
}

const gd_captured_counts *gd_captured_count(const gd_captured *captured) { return &captured->counts; }

/* ---- complaints ---- */

/* Keeps the line's error where there is room for it, with its place, and forgets it. */
static void complain(gd_captured *captured, int64_t line)
{
    gd_captured_counts *counts = &captured->counts;
    gd_error *e = &captured->error;
    e->line = line < INT32_MAX ? (int)line : INT32_MAX;
    if (counts->n_complaints < GD_CAPTURED_COMPLAINTS)
        counts->complaint[counts->n_complaints++] = *e;
    *e = (gd_error){0};
}

/* Passes the line's error on. */
static gd_status give_up(gd_captured *captured, gd_error *error)
{
    gd_error *e = &captured->error;
    const gd_status status = gd_fail_at(error, e->status, (gd_place){e->file, e->line, e->column}, "%s", e->message);
    *e = (gd_error){0};
    return status;
}

static void note_barrier(gd_captured *captured, gd_status status)
{
    if (status == GD_IO && captured->counts.barred++ == 0)
        captured->counts.barrier = captured->error;
}

/* ---- files ---- */

/* Endpoint and variant, of the open file's path. */
static gd_status take_names(gd_captured *captured, gd_error *error)
{
    const gd_files_names names = gd_files_name(captured->file);
    captured->endpoint = captured->variant = NULL;
    if (names.variant_bytes > 0)
        captured->variant = gd_arena_text_n(&captured->names, names.variant, (size_t)names.variant_bytes);
    if (names.endpoint_bytes > 0)
        captured->endpoint = gd_arena_text_n(&captured->names, names.endpoint, (size_t)names.endpoint_bytes);
    if ((names.variant_bytes > 0 && !captured->variant) || (names.endpoint_bytes > 0 && !captured->endpoint))
        return gd_fail(error, GD_NOMEM, "out of memory for the names of '%s'", captured->file);
    return GD_OK;
}

/* The next one that can be opened; none: `file` stays NULL. */
static gd_status open_next(gd_captured *captured, gd_error *error)
{
    gd_error *e = &captured->error;
    gd_arena_release(&captured->names);
    for (bool named;;) {
        const char *path;
        gd_status status = gd_files_next(captured->files, &path, &named, e);
        note_barrier(captured, status);
        if (status != GD_OK)
            return give_up(captured, error);
        if (!path)
            return GD_OK;
        status = gd_captured_stream_open(captured->stream, path, e);
        const bool removed = status == GD_IO && access(path, F_OK) != 0 && errno == ENOENT; /* since it was listed */
        if (!removed)
            note_barrier(captured, status);
        if (status != GD_OK && (named || status == GD_NOMEM))
            return give_up(captured, error);
        if (status == GD_OK) {
            captured->file = path;
            captured->counts.files++;
            break;
        }
        if (removed) {
            *e = (gd_error){0};
            continue;
        }
        captured->counts.unread++;
        complain(captured, 0);
    }
    return take_names(captured, error);
}

/* ---- lines ---- */

static bool is_blank(const gd_captured_line *line)
{
    size_t n = 0;
    while (n < line->length && strchr(" \t\r", line->at[n]) && line->at[n])
        n++;
    return n == line->length;
}

/* The next line that is not blank nor too long; where there is none, no file is open any more. */
static gd_status take_line(gd_captured *captured, gd_captured_line *line, gd_error *error)
{
    gd_captured_counts *counts = &captured->counts;
    gd_error *e = &captured->error;
    for (;;) {
        if (!captured->file)
            GD_TRY(open_next(captured, error));
        if (!captured->file)
            return GD_OK;
        const gd_status status = gd_captured_stream_take(captured->stream, line, e);
        counts->bytes = gd_captured_stream_bytes(captured->stream);
        if (status == GD_NOMEM)
            return give_up(captured, error);
        if (status != GD_OK) {
            counts->unread++;
            note_barrier(captured, status);
            complain(captured, 0);
        } else if (line->kind == GD_LINE_LONG) {
            counts->lines++;
            counts->broken++;
            (void)gd_fail_at(e, GD_FORMAT, (gd_place){captured->file, 1, 1}, "a line of more than %zu bytes",
                             captured->o.line_bytes);
            complain(captured, line->number);
        } else if (line->kind != GD_LINE_END && !is_blank(line)) {
            counts->lines++;
            return GD_OK;
        }
        if (status != GD_OK || line->kind == GD_LINE_END)
            captured->file = NULL;
    }
}

/* A line that `read` gave this for. `*is_good`: it is one to give. */
static gd_status judge(gd_captured *captured, const gd_captured_line *line, gd_status status, bool *is_good,
                       gd_error *error)
{
    *is_good = status == GD_OK;
    if (status == GD_OK)
        return GD_OK;
    if (status != GD_FORMAT)
        return give_up(captured, error);
    if (line->kind == GD_LINE_LAST) {
        captured->counts.unfinished++;
        captured->error = (gd_error){0};
    } else {
        captured->counts.broken++;
        complain(captured, line->number);
    }
    return GD_OK;
}

/* The next line, ready to be read. Where there is none, no file is open any more. */
static gd_status next_line(gd_captured *captured, gd_captured_line *line, gd_error *error)
{
    GD_TRY(take_line(captured, line, error));
    if (!captured->file)
        return GD_OK;
    gd_arena_release(&captured->line);
    captured->scan = gd_json_scan_of(captured->file, line->at, line->length, &captured->error);
    captured->record = (gd_captured_record){
        .file = captured->file, .line = line->number, .endpoint = captured->endpoint, .variant = captured->variant};
    captured->label = (gd_captured_label){.file = captured->file, .line = line->number};
    return GD_OK;
}

/* ---- records ---- */

/* The answer out of the record's output. What is no answer here is said, and the record goes without. */
static gd_status add_answer(gd_captured *captured)
{
    gd_captured_record *record = &captured->record;
    gd_error *e = &captured->error, own = {0};
    const int seen = record->n_pictures;
    const void *body;
    size_t length;
    if (!record->output.encoding)
        return GD_OK;
    gd_status status = gd_captured_body(captured, &record->output, &body, &length, &own);
    if (status == GD_OK)
        status = gd_captured_read_answer(captured, body, length, &own);
    if (status == GD_OK && seen > 0 && record->n_pictures != seen)
        return gd_fail_at(e, GD_FORMAT, gd_json_place(&captured->scan, record->output.text),
                          "an answer for %d picture%s, and 'griddle' has seen %d", record->n_pictures,
                          gd_plural(record->n_pictures), seen);
    if (status == GD_NOMEM)
        return gd_fail(e, status, "%s", own.message);
    if (status == GD_OK)
        return GD_OK;
    captured->counts.strange++;
    (void)gd_fail_at(e, GD_FORMAT, gd_json_place(&captured->scan, record->output.text),
                     "not an answer as known here, at its line %d, column %d: %s", own.line, own.column, own.message);
    complain(captured, record->line);
    return GD_OK;
}

gd_status gd_captured_next(gd_captured *captured, const gd_captured_record **result, gd_error *error)
{
    gd_captured_record *record = &captured->record;
    *result = NULL;
    for (;;) {
        gd_captured_line line;
        bool is_good;
        GD_TRY(next_line(captured, &line, error));
        if (!captured->file)
            return GD_OK;
        gd_status status = gd_captured_read_record(captured);
        const bool outside =
            status == GD_OK && (record->time_ms < captured->o.from_ms || record->time_ms >= captured->o.to_ms);
        if (status == GD_OK && !outside)
            status = add_answer(captured);
        GD_TRY(judge(captured, &line, status, &is_good, error));
        captured->counts.outside += outside;
        if (!is_good || outside)
            continue;
        captured->counts.records++;
        *result = record;
        return GD_OK;
    }
}

/* ---- labels ---- */

gd_status gd_captured_next_label(gd_captured *captured, const gd_captured_label **label, gd_error *error)
{
    *label = NULL;
    for (;;) {
        gd_captured_line line;
        bool is_good;
        GD_TRY(next_line(captured, &line, error));
        if (!captured->file)
            return GD_OK;
        GD_TRY(judge(captured, &line, gd_captured_read_label(captured), &is_good, error));
        if (!is_good)
            continue;
        captured->counts.records++;
        *label = &captured->label;
        return GD_OK;
    }
}
