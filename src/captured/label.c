// SPDX-License-Identifier: Apache-2.0
/* A line of a label file. */
#include "captured/own.h"
#include "captured/value.h"

#include <string.h>

static gd_status read_id(gd_captured *captured)
{
    static const char *const names[] = {"eventId", NULL};
    gd_members members = {.names = names};
    for (int key;;) {
        GD_TRY(gd_members_next(&captured->scan, &members, &key));
        if (key == GD_MEMBER_END)
            return GD_OK;
        if (key == GD_MEMBER_OTHER)
            GD_TRY(gd_value_pass(&captured->scan));
        else
            GD_TRY(gd_captured_text(captured, &captured->label.id));
    }
}

/* The one value that a body is: CSV without the white space around it, or a JSON scalar. */
static gd_status read_label(gd_captured *captured, const gd_captured_side *side)
{
    const void *body;
    size_t length;
    GD_TRY(gd_captured_body(captured, side, &body, &length, &captured->error));
    gd_json_scan scan = gd_json_scan_of(NULL, body, length, NULL);
    gd_json_skip_space(&scan);
    const bool quoted = gd_json_take(&scan, '"');
    const char *begin = scan.at;
    char *label = gd_arena_alloc(&captured->line, length + 1, 1);
    size_t n = (size_t)(scan.end - begin);
    if (!label)
        return gd_fail(&captured->error, GD_NOMEM, "out of memory for a label");
    if (quoted) {
        gd_status status = gd_json_string(&scan, label, &n);
        gd_json_skip_space(&scan);
        if (status != GD_OK || scan.at != scan.end)
            n = 0;
        label[n] = '\0';
    } else {
        while (n > 0 && strchr(" \t\r\n", begin[n - 1]))
            n--;
        memcpy(label, begin, n);
    }
    if (n == 0 || memchr(label, '\0', n) || memchr(label, '\n', n))
        return gd_fail_at(&captured->error, GD_FORMAT, gd_json_place(&captured->scan, side->text), "no label");
    captured->label.label = label;
    return GD_OK;
}

gd_status gd_captured_read_label(gd_captured *captured)
{
    enum { DATA, METADATA };
    static const char *const names[] = {"groundTruthData", "eventMetadata", NULL};
    gd_members members = {.names = names};
    gd_json_scan *scan = &captured->scan;
    gd_captured_side side = {0};
    for (int key;;) {
        GD_TRY(gd_members_next(scan, &members, &key));
        if (key == GD_MEMBER_END)
            break;
        if (key == DATA)
            GD_TRY(gd_captured_read_side(captured, &side));
        else if (key == METADATA)
            GD_TRY(read_id(captured));
        else
            GD_TRY(gd_value_pass(scan));
    }
    gd_json_skip_space(scan);
    if (scan->at < scan->end)
        return gd_json_malformed(scan, "something follows the label");
    if (!side.encoding)
        return gd_json_malformed(scan, "no label: it has no 'groundTruthData' with 'data'");
    if (!captured->label.id)
        return gd_json_malformed(scan, "no label: it has no 'eventMetadata' with 'eventId'");
    return read_label(captured, &side);
}
