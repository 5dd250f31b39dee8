// SPDX-License-Identifier: Apache-2.0
/* What the files of this room share of a reader. */
#ifndef GD_CAPTURED_OWN_H
#define GD_CAPTURED_OWN_H

#include "base/arena.h"
#include "base/json_scan.h"
#include "captured/captured.h"
#include "captured/files.h"
#include "captured/stream.h"

/* A block that grows and is kept from line to line. */
typedef struct gd_room {
    void *at;
    size_t capacity;
} gd_room;

enum { GD_PICTURE_KEYS = GD_FIGURES + 4 };

struct gd_captured {
    gd_captured_options o;
    gd_files *files;
    gd_captured_stream *stream;
    gd_captured_counts counts;

    const char *file; /* that is read; NULL: none */
    gd_arena names;   /* of it: endpoint, variant */
    const char *endpoint, *variant;

    gd_arena line; /* texts of the line */
    gd_json_scan scan;
    gd_error error; /* of the line */
    gd_captured_record record;
    gd_captured_label label;
    const char *attributes[GD_CAPTURED_ATTRIBUTES];
    gd_room body, probability, classes, pictures, features;
    const char *picture_keys[GD_PICTURE_KEYS + 1]; /* ends with NULL */
};

/* Room for `bytes`: keeps what is there. NULL: no memory. */
void *gd_room_for(gd_room *room, size_t bytes);

/* A text, or null, which gives NULL. */
gd_status gd_captured_text(gd_captured *captured, const char **text);

/* A side from its object, or null. */
gd_status gd_captured_read_side(gd_captured *captured, gd_captured_side *side);

/* Lines, scan at their start: what they say goes into `record` or `label`. FORMAT: broken, `error` says where. */
gd_status gd_captured_read_record(gd_captured *captured);
gd_status gd_captured_read_label(gd_captured *captured);

/* What stands behind "griddle". */
gd_status gd_captured_read_seen(gd_captured *captured);

/* Probabilities, or classes, out of the bytes of the record's output. FORMAT, with their line and column, for what is
 * no answer known here. */
gd_status gd_captured_read_answer(gd_captured *captured, const char *bytes, size_t length, gd_error *error);

#endif
