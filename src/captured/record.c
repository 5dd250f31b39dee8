// SPDX-License-Identifier: Apache-2.0
/* A line of a capture file, key by key. */
#include "base/base64.h"
#include "captured/own.h"
#include "captured/time.h"
#include "captured/value.h"

#include <stdlib.h>
#include <string.h>

void *gd_room_for(gd_room *room, size_t bytes)
{
    if (bytes > room->capacity) {
        const size_t more = bytes < 2 * room->capacity ? 2 * room->capacity : bytes;
        void *grown = realloc(room->at, more);
        if (!grown)
            return NULL;
        room->at = grown;
        room->capacity = more;
    }
    return room->at;
}

static gd_status no_memory(gd_captured *captured)
{
    return gd_fail(&captured->error, GD_NOMEM, "out of memory for a line of '%s'", captured->file);
}

/* ---- texts ---- */

gd_status gd_captured_text(gd_captured *captured, const char **text)
{
    gd_json_scan *scan = &captured->scan;
    *text = NULL;
    if (gd_value_take(scan, "null"))
        return GD_OK;
    if (!gd_json_take(scan, '"'))
        return gd_json_malformed(scan, "a text is expected");
    const char *begin = scan->at;
    size_t length;
    GD_TRY(gd_json_string(scan, NULL, &length));
    char *to = gd_arena_alloc(&captured->line, length + 1, 1);
    if (!to)
        return no_memory(captured);
    scan->at = begin;
    *text = to;
    return gd_json_string(scan, to, &length);
}

/* ---- sides ---- */

static gd_status read_encoding(gd_captured *captured, gd_captured_side *side)
{
    static const char *const names[] = {
        [GD_CAPTURED_BASE64] = "\"BASE64\"", [GD_CAPTURED_JSON] = "\"JSON\"", [GD_CAPTURED_CSV] = "\"CSV\""};
    for (int i = GD_CAPTURED_BASE64; i <= GD_CAPTURED_CSV; i++) {
        if (gd_value_take(&captured->scan, names[i])) {
            side->encoding = i;
            return GD_OK;
        }
    }
    return gd_json_malformed(&captured->scan, "an encoding is expected: \"BASE64\", \"JSON\" or \"CSV\"");
}

static gd_status read_data(gd_captured *captured, gd_captured_side *side)
{
    gd_json_scan *scan = &captured->scan;
    if (gd_value_take(scan, "null"))
        return GD_OK;
    if (!gd_json_take(scan, '"'))
        return gd_json_malformed(scan, "a text is expected");
    side->text = scan->at;
    GD_TRY(gd_json_string(scan, NULL, &side->unquoted));
    side->text_bytes = (size_t)(scan->at - 1 - side->text);
    return GD_OK;
}

gd_status gd_captured_read_side(gd_captured *captured, gd_captured_side *side)
{
    enum { TYPE, DATA, ENCODING };
    static const char *const names[] = {"observedContentType", "data", "encoding", NULL};
    gd_members members = {.names = names};
    gd_json_scan *scan = &captured->scan;
    *side = (gd_captured_side){0};
    if (gd_value_take(scan, "null"))
        return GD_OK;
    gd_json_skip_space(scan);
    const char *begin = scan->at;
    for (int key;;) {
        GD_TRY(gd_members_next(scan, &members, &key));
        if (key == GD_MEMBER_END)
            break;
        if (key == TYPE)
            GD_TRY(gd_captured_text(captured, &side->type));
        else if (key == DATA)
            GD_TRY(read_data(captured, side));
        else if (key == ENCODING)
            GD_TRY(read_encoding(captured, side));
        else
            GD_TRY(gd_value_pass(scan));
    }
    if (side->text && !side->encoding)
        return gd_fail_at(scan->error, GD_FORMAT, gd_json_place(scan, begin), "'data' without an 'encoding'");
    if (!side->text)
        side->encoding = GD_CAPTURED_ABSENT;
    return GD_OK;
}

gd_status gd_captured_body(gd_captured *captured, const gd_captured_side *side, const void **bytes, size_t *length,
                           gd_error *error)
{
    gd_json_scan *line = &captured->scan;
    *bytes = side->text;
    *length = side->text_bytes;
    if (side->encoding != GD_CAPTURED_BASE64 && side->unquoted == side->text_bytes)
        return GD_OK;
    const size_t n = side->unquoted;
    const bool escaped = n != side->text_bytes;
    char *to = gd_room_for(&captured->body, escaped ? n : GD_BASE64_BYTES(n) + 1); /* 1: of an empty body, too */
    if (!to)
        return gd_fail(error, GD_NOMEM, "out of memory for a body of %zu characters", n);
    *bytes = to;
    if (escaped) {
        gd_json_scan text = gd_json_scan_of(NULL, side->text, side->text_bytes + 1, error);
        GD_TRY(gd_json_string(&text, to, length));
    }
    if (side->encoding != GD_CAPTURED_BASE64)
        return GD_OK;
    if (gd_base64_decode(escaped ? to : side->text, n, to, length))
        return GD_OK;
    gd_place place = gd_json_place(line, side->text);
    place.line = captured->record.line < INT32_MAX ? (int)captured->record.line : INT32_MAX;
    if (*length == n)
        return gd_fail_at(error, GD_FORMAT, place, "base64 of %zu characters ends within a byte", n);
    return gd_fail_at(error, GD_FORMAT, place, "character %zu of %zu is not of base64", *length + 1, n);
}

/* ---- the line ---- */

static gd_status read_sides(gd_captured *captured)
{
    enum { INPUT, OUTPUT, BATCH_INPUT, BATCH_OUTPUT };
    static const char *const names[] = {"endpointInput", "endpointOutput", "batchTransformInput",
                                        "batchTransformOutput", NULL};
    gd_members members = {.names = names};
    gd_captured_record *record = &captured->record;
    for (int key;;) {
        GD_TRY(gd_members_next(&captured->scan, &members, &key));
        if (key == GD_MEMBER_END)
            break;
        if (key == GD_MEMBER_OTHER) {
            GD_TRY(gd_value_pass(&captured->scan));
            continue;
        }
        gd_captured_side side;
        GD_TRY(gd_captured_read_side(captured, &side));
        gd_captured_side *to = key == INPUT || key == BATCH_INPUT ? &record->input : &record->output;
        if (side.encoding && to->encoding)
            return gd_json_malformed(&captured->scan, "an endpoint's data and a batch's in one record");
        if (side.encoding)
            *to = side;
    }
    return GD_OK;
}

static gd_status read_attributes(gd_captured *captured)
{
    gd_captured_record *record = &captured->record;
    if (gd_value_take(&captured->scan, "null"))
        return GD_OK;
    for (bool begun = false, more;;) {
        GD_TRY(gd_elements_next(&captured->scan, &begun, &more));
        if (!more)
            break;
        if (record->n_attributes == GD_CAPTURED_ATTRIBUTES)
            return gd_fail_at(captured->scan.error, GD_FORMAT, gd_json_place(&captured->scan, captured->scan.at),
                              "more than %d custom attributes", GD_CAPTURED_ATTRIBUTES);
        GD_TRY(gd_captured_text(captured, &captured->attributes[record->n_attributes]));
        if (!captured->attributes[record->n_attributes++])
            return gd_json_malformed(&captured->scan, "a custom attribute is null");
    }
    record->attributes = captured->attributes;
    return GD_OK;
}

static gd_status read_time(gd_captured *captured)
{
    gd_json_scan *scan = &captured->scan;
    gd_json_skip_space(scan);
    const char *text, *begin = scan->at;
    GD_TRY(gd_captured_text(captured, &text));
    if (text && gd_time_read(text, strlen(text), &captured->record.time_ms))
        return GD_OK;
    return gd_fail_at(scan->error, GD_FORMAT, gd_json_place(scan, begin),
                      "'%.40s' is no time like 2026-11-27T01:02:03Z", text ? text : "null");
}

static gd_status read_metadata(gd_captured *captured)
{
    enum { EVENT, INFERENCE, ATTRIBUTES, TIME };
    static const char *const names[] = {"eventId", "inferenceId", "customAttributes", "inferenceTime", NULL};
    gd_members members = {.names = names};
    gd_captured_record *record = &captured->record;
    for (int key;;) {
        GD_TRY(gd_members_next(&captured->scan, &members, &key));
        if (key == GD_MEMBER_END)
            break;
        if (key == EVENT)
            GD_TRY(gd_captured_text(captured, &record->event_id));
        else if (key == INFERENCE)
            GD_TRY(gd_captured_text(captured, &record->inference_id));
        else if (key == ATTRIBUTES)
            GD_TRY(read_attributes(captured));
        else if (key == TIME)
            GD_TRY(read_time(captured));
        else
            GD_TRY(gd_value_pass(&captured->scan));
    }
    if (members.seen >> TIME & 1)
        return GD_OK;
    return gd_json_malformed(&captured->scan, "'eventMetadata' has no 'inferenceTime'");
}

gd_status gd_captured_read_record(gd_captured *captured)
{
    enum { DATA, METADATA, SEEN };
    static const char *const names[] = {"captureData", "eventMetadata", "griddle", NULL};
    gd_members members = {.names = names};
    gd_json_scan *scan = &captured->scan;
    for (int key;;) {
        GD_TRY(gd_members_next(scan, &members, &key));
        if (key == GD_MEMBER_END)
            break;
        if (key == DATA)
            GD_TRY(read_sides(captured));
        else if (key == METADATA)
            GD_TRY(read_metadata(captured));
        else if (key == SEEN)
            GD_TRY(gd_captured_read_seen(captured));
        else
            GD_TRY(gd_value_pass(scan));
    }
    for (int i = DATA; i <= METADATA; i++) {
        if (!(members.seen >> i & 1))
            return gd_fail_at(scan->error, GD_FORMAT, gd_json_place(scan, scan->at), "no record: it has no '%s'",
                              names[i]);
    }
    gd_json_skip_space(scan);
    return scan->at == scan->end ? GD_OK : gd_json_malformed(scan, "something follows the record");
}
