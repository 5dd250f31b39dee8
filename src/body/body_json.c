// SPDX-License-Identifier: Apache-2.0
/* JSON, read as it comes: no tree, and one block of memory, as long as the body, for all its texts and arrays in turn.
 */
#include "base/base64.h"
#include "base/json_scan.h"
#include "body/body_form.h"

#include <stdlib.h>
#include <string.h>

/* What a value stands in, from the outside in: each may only stand in one before it. */
typedef enum holder { DOCUMENT, INSTANCES, IMAGE, B64 } holder;
static const char *const keys[] = {[INSTANCES] = "instances", [IMAGE] = "image", [B64] = "b64"};

typedef struct reader {
    gd_json_scan scan;
    const gd_body *body;
    char *scratch; /* neither a text nor an array's numbers are longer than their source */
} reader;

static gd_place here(reader *r)
{
    gd_json_skip_space(&r->scan);
    return gd_json_place(&r->scan, r->scan.at);
}

/* ---- arrays of numbers --------------------------------------------------------------------------------------------
 */

typedef struct array {
    int rank, depth;     /* rank 0: no number was read yet */
    int most;            /* axes */
    uint64_t size[4];    /* 0: no list of this axis has ended yet */
    uint64_t count[4];   /* what the open lists have so far */
    const char *open[4]; /* where they begin */
    size_t n;            /* numbers, in scratch */
} array;

static gd_status open_list(reader *r, array *a)
{
    if (a->rank && a->depth == a->rank)
        return gd_json_malformed(&r->scan, "a list where those before have numbers");
    if (a->depth == a->most)
        return gd_fail_at(r->scan.error, GD_FORMAT, here(r), "an array of more than %d axes", a->most);
    a->count[a->depth] = 0;
    a->open[a->depth++] = r->scan.at++;
    return GD_OK;
}

static gd_status read_number(reader *r, array *a)
{
    const char *at = r->scan.at, *end = r->scan.end;
    int value = 0, digits = 0;
    for (; at + digits < end && at[digits] >= '0' && at[digits] <= '9' && digits < 4; digits++)
        value = 10 * value + (at[digits] - '0');
    const char next = at + digits < end ? at[digits] : ' ';
    if (digits == 0 || value > 255 || (digits > 1 && *at == '0') || next == '.' || next == 'e' || next == 'E') {
        const int length = (int)gd_json_number_length(&r->scan);
        if (length == 0)
            return gd_json_malformed(&r->scan, "a whole number from 0 to 255 or a list of such is expected");
        return gd_fail_at(r->scan.error, GD_FORMAT, here(r), "%.*s is not a whole number from 0 to 255",
                          length < 40 ? length : 40, at);
    }
    if (a->rank == 0)
        a->rank = a->depth;
    if (a->depth != a->rank)
        return gd_json_malformed(&r->scan, "a number where those before have lists");
    r->scratch[a->n++] = (char)value;
    r->scan.at += digits;
    return GD_OK;
}

/* What stands behind a value: a comma, or the ends of lists. */
static gd_status close_lists(reader *r, array *a)
{
    for (a->count[a->depth - 1]++; a->depth > 0 && !gd_json_take(&r->scan, ',');) {
        if (!gd_json_take(&r->scan, ']'))
            return gd_json_malformed(&r->scan, "',' or ']' is expected");
        uint64_t *size = &a->size[--a->depth], count = a->count[a->depth];
        if (*size != 0 && *size != count)
            return gd_fail_at(r->scan.error, GD_FORMAT, gd_json_place(&r->scan, a->open[a->depth]),
                              "a list of %llu where those before have %llu", (unsigned long long)count,
                              (unsigned long long)*size);
        *size = count;
        if (a->depth > 0)
            a->count[a->depth - 1]++;
    }
    return GD_OK;
}

static gd_status read_array(reader *r, holder in)
{
    array a = {.most = in == DOCUMENT ? 4 : 3};
    const gd_place place = here(r);
    do {
        gd_json_skip_space(&r->scan);
        if (r->scan.at < r->scan.end && *r->scan.at == '[') {
            GD_TRY(open_list(r, &a));
        } else {
            GD_TRY(read_number(r, &a));
            GD_TRY(close_lists(r, &a));
        }
    } while (a.depth > 0);
    if (a.rank < 2)
        return gd_fail_at(r->scan.error, GD_FORMAT, place, "an array of 1 axis, not 2 (H,W)%s",
                          a.most == 4 ? ", 3 (H,W,C) or 4 (N,H,W,C)" : " or 3 (H,W,C)");
    return gd_body_add_array(r->body, place, a.rank, a.size, (const uint8_t *)r->scratch, r->scan.error);
}

/* ---- texts and objects --------------------------------------------------------------------------------------------
 */

static gd_status read_file(reader *r)
{
    size_t length, bytes;
    const gd_place place = here(r);
    r->scan.at++;
    GD_TRY(gd_json_string(&r->scan, r->scratch, &length));
    if (gd_base64_decode(r->scratch, length, r->scratch, &bytes))
        return gd_body_add_file(r->body, place, r->scratch, bytes, r->scan.error);
    if (bytes == length)
        return gd_fail_at(r->scan.error, GD_FORMAT, place, "base64 of %zu characters ends within a byte", length);
    return gd_fail_at(r->scan.error, GD_FORMAT, place, "character %zu, of value 0x%02x, is not of base64", bytes + 1,
                      (unsigned char)r->scratch[bytes]);
}

static gd_status read_picture(reader *r, holder in);

static gd_status read_instances(reader *r)
{
    if (!gd_json_take(&r->scan, '['))
        return gd_json_malformed(&r->scan, "'instances' is no list");
    do {
        GD_TRY(read_picture(r, INSTANCES));
    } while (gd_json_take(&r->scan, ','));
    if (!gd_json_take(&r->scan, ']'))
        return gd_json_malformed(&r->scan, "',' or ']' is expected");
    r->body->pictures->several = true;
    return GD_OK;
}

/* An object of one key. */
static gd_status read_object(reader *r, holder in)
{
    size_t length;
    r->scan.at++;
    const gd_place place = here(r);
    if (!gd_json_take(&r->scan, '"'))
        return gd_json_malformed(&r->scan, "a key in quotes is expected");
    GD_TRY(gd_json_string(&r->scan, r->scratch, &length));
    int key = B64;
    while (key > (int)in && (strlen(keys[key]) != length || memcmp(keys[key], r->scratch, length) != 0))
        key--;
    if (key == (int)in)
        return gd_fail_at(r->scan.error, GD_FORMAT, place, "key '%.*s' where %s is expected",
                          (int)(length < 40 ? length : 40), r->scratch,
                          in == DOCUMENT    ? "'instances', 'image' or 'b64'"
                          : in == INSTANCES ? "'image' or 'b64'"
                                            : "'b64'");
    if (!gd_json_take(&r->scan, ':'))
        return gd_json_malformed(&r->scan, "':' is expected behind a key");
    GD_TRY(key == INSTANCES ? read_instances(r) : read_picture(r, (holder)key));
    if (gd_json_take(&r->scan, '}'))
        return GD_OK;
    return gd_fail_at(r->scan.error, GD_FORMAT, here(r), "'}' is expected: an object with '%s' has no other key",
                      keys[key]);
}

static gd_status read_picture(reader *r, holder in)
{
    gd_json_skip_space(&r->scan);
    const char first = r->scan.at < r->scan.end ? *r->scan.at : '\0';
    if (first == '"')
        return read_file(r);
    if (first == '[' && in != B64)
        return read_array(r, in);
    if (first == '{' && in != B64)
        return read_object(r, in);
    return gd_json_malformed(&r->scan, in == B64 ? "a text in base64 is expected"
                                                 : "a picture is expected: base64, an array or an object");
}

gd_status gd_body_read_json(const gd_body *body, gd_error *error)
{
    reader r = {.scan = gd_json_scan_of(body->place.file, (const char *)body->bytes, body->length, error),
                .body = body,
                .scratch = malloc(body->length + 1)};
    if (!r.scratch)
        return gd_fail(error, GD_NOMEM, "out of memory for a body of %zu bytes", body->length);
    gd_status status = read_picture(&r, DOCUMENT);
    gd_json_skip_space(&r.scan);
    if (status == GD_OK && r.scan.at < r.scan.end)
        status = gd_json_malformed(&r.scan, "something follows the picture");
    free(r.scratch);
    return status;
}
