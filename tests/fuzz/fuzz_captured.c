// SPDX-License-Identifier: Apache-2.0
/* Any bytes as a file of captures, or of labels, plain or gzip'ed: every line is a record within the bounds, or is
 * counted as what it is; what is complained of has a place. The first byte chooses which of the two, and how long lines
 * may be. */
#include "captured/captured.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static volatile double sum;

static void look_at_text(const char *text)
{
    if (text)
        sum += (double)strlen(text);
}

static void look_at_side(gd_captured *captured, const gd_captured_side *side)
{
    const void *body;
    size_t length;
    gd_error error = {0};
    look_at_text(side->type);
    if (side->encoding == GD_CAPTURED_ABSENT)
        return;
    if (gd_captured_body(captured, side, &body, &length, &error) != GD_OK) {
        if (side->encoding != GD_CAPTURED_BASE64 || error.line < 1 || error.column < 1)
            abort();
        return;
    }
    if (length > side->unquoted || side->unquoted > side->text_bytes)
        abort();
    for (size_t i = 0; i < length; i++)
        sum += ((const unsigned char *)body)[i];
}

static void look_at_record(gd_captured *captured, const gd_captured_record *r)
{
    look_at_text(r->event_id);
    look_at_text(r->inference_id);
    for (int i = 0; i < r->n_attributes; i++)
        sum += (double)strlen(r->attributes[i]);
    if (r->n_pictures < 0 || r->n_pictures > GD_CAPTURED_PICTURES || (r->probability && r->n_classes < 1))
        abort();
    if ((r->n_pictures > 0) != (r->probability || r->answered || r->pictures) || (r->classes && !r->probability))
        abort();
    if (r->answered && (r->probability || r->n_classes != 0))
        abort();
    for (int i = 0; r->answered && i < r->n_pictures; i++) {
        if (!r->answered[i][0])
            abort();
        look_at_text(r->answered[i]);
    }
    for (int64_t i = 0; r->probability && i < (int64_t)r->n_pictures * r->n_classes; i++)
        sum += r->probability[i];
    for (int i = 0; r->classes && i < r->n_classes; i++)
        look_at_text(r->classes[i]);
    for (int i = 0; r->pictures && i < r->n_pictures; i++) {
        const gd_captured_picture *picture = &r->pictures[i];
        look_at_text(picture->format);
        for (int k = 0; k < picture->n_features; k++)
            sum += (double)picture->features[k];
    }
    look_at_side(captured, &r->input);
    look_at_side(captured, &r->output);
}

static void check_counts(const gd_captured_counts *counts)
{
    const int64_t bad = counts->broken + counts->strange + counts->unread;
    if (counts->lines != counts->records + counts->outside + counts->broken + counts->unfinished)
        abort();
    if (counts->n_complaints != (bad < GD_CAPTURED_COMPLAINTS ? bad : GD_CAPTURED_COMPLAINTS))
        abort();
    for (int i = 0; i < counts->n_complaints; i++) {
        if (!counts->complaint[i].message[0] || !counts->complaint[i].file[0])
            abort();
    }
}

static void read_records(gd_captured *captured)
{
    const gd_captured_record *record;
    do {
        if (gd_captured_next(captured, &record, NULL) != GD_OK)
            abort();
        if (record)
            look_at_record(captured, record);
    } while (record);
}

static void read_labels(gd_captured *captured)
{
    const gd_captured_label *label;
    do {
        if (gd_captured_next_label(captured, &label, NULL) != GD_OK || (label && (!label->label[0] || !label->id)))
            abort();
    } while (label);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char name[64];
    gd_captured *captured;
    gd_error error = {0};
    if (size == 0)
        return 0;
    const int file = memfd_create("captures", MFD_CLOEXEC);
    if (file < 0 || write(file, data + 1, size - 1) != (ssize_t)(size - 1))
        abort();
    snprintf(name, sizeof name, "/proc/self/fd/%d", file);
    const gd_captured_options options = {
        .paths = (const char *const[]){name, NULL}, .from_ms = 1000, .line_bytes = *data & 2 ? 256 : 0};
    if (gd_captured_open(&options, &captured, &error) != GD_OK)
        abort();
    if (*data & 1)
        read_labels(captured);
    else
        read_records(captured);
    check_counts(gd_captured_count(captured));
    gd_captured_close(captured);
    close(file);
    return 0;
}
