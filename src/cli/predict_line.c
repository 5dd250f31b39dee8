// SPDX-License-Identifier: Apache-2.0
#include "cli/predict_line.h"

#include "base/base64.h"
#include "base/json.h"

#include <inttypes.h>
#include <limits.h>
#include <string.h>

/* What says where the picture is, one of it per line. */
static const char *const sources[] = {"path", "image", "captureData"};
/* An answer's own keys: what comes back beside them must not be taken for them. */
static const char *const taken[] = {"class", "probability", "probabilities", "error", "model"};
enum { N_SOURCES = 3, N_TAKEN = 5 };

static bool one_of(const char *key, const char *const *keys, int n)
{
    for (int i = 0; i < n; i++) {
        if (strcmp(key, keys[i]) == 0)
            return true;
    }
    return false;
}

static bool is_text(const gd_attr *value) { return value && value->kind == GD_ATTR_SCALAR && value->quoted; }

static gd_status no_memory(gd_error *error) { return gd_fail(error, GD_NOMEM, "out of memory for a line"); }

static gd_status read_path(const char *folder, const gd_attr *value, gd_arena *arena, gd_asked *asked, gd_error *error)
{
    if (!is_text(value) || !value->text[0])
        return gd_fail(error, GD_FORMAT, "'path' is no path: a text is expected");
    if (strlen(value->text) >= PATH_MAX)
        return gd_fail(error, GD_FORMAT, "'path' has %zu bytes, more than %d", strlen(value->text), PATH_MAX - 1);
    asked->path = gd_arena_printf(arena, "%s%s", value->text[0] == '/' ? "" : folder, value->text);
    return asked->path ? GD_OK : no_memory(error);
}

static gd_status read_base64(const char *key, const gd_attr *value, gd_arena *arena, gd_asked *asked, gd_error *error)
{
    if (!is_text(value))
        return gd_fail(error, GD_FORMAT, "'%s' is no picture: a text in base64 is expected", key);
    const size_t length = strlen(value->text);
    void *bytes = gd_arena_alloc(arena, GD_BASE64_BYTES(length) + 1, 1);
    if (!bytes)
        return no_memory(error);
    asked->bytes = bytes;
    return gd_base64_decode(value->text, length, bytes, &asked->length)
               ? GD_OK
               : gd_fail(error, GD_FORMAT, "'%s' is not base64", key);
}

static gd_status read_capture(const gd_attr *capture, gd_arena *arena, gd_asked *asked, gd_error *error)
{
    const gd_attr *input = gd_attr_find(capture, "endpointInput"), *encoding = gd_attr_find(input, "encoding");
    if (!input)
        return gd_fail(error, GD_FORMAT, "'captureData' has no 'endpointInput': its input was not captured");
    if (!is_text(encoding) || strcmp(encoding->text, "BASE64") != 0)
        return gd_fail(error, GD_FORMAT, "'endpointInput' is captured as '%s' where BASE64 of a picture is read",
                       is_text(encoding) ? encoding->text : "");
    return read_base64("data", gd_attr_find(input, "data"), arena, asked, error);
}

/* The one source of an object. */
static gd_status read_source(const char *folder, const gd_attr *root, gd_arena *arena, gd_asked *asked, gd_error *error)
{
    const gd_attr *found = NULL;
    for (const gd_attr *member = root->first; member; member = member->next) {
        if (!one_of(member->key, sources, N_SOURCES))
            continue;
        if (found)
            return gd_fail(error, GD_FORMAT, "'%s' and '%s' exclude each other", found->key, member->key);
        found = member;
    }
    if (!found)
        return gd_fail(error, GD_FORMAT, "no picture: 'path', 'image' or 'captureData' is expected");
    return strcmp(found->key, "path") == 0    ? read_path(folder, found, arena, asked, error)
           : strcmp(found->key, "image") == 0 ? read_base64(found->key, found, arena, asked, error)
                                              : read_capture(found, arena, asked, error);
}

/* What comes back: the path, then the further keys in their order. */
static gd_status print_back(const gd_attr *root, gd_text *begin, gd_error *error)
{
    const gd_attr *path = root->kind == GD_ATTR_MAP ? gd_attr_find(root, "path") : root;
    if (path) {
        gd_text_add(begin, "\"path\":");
        gd_text_add_json(begin, path->text);
    }
    for (const gd_attr *member = root->first; member; member = member->next) {
        if (one_of(member->key, sources, N_SOURCES))
            continue;
        if (one_of(member->key, taken, N_TAKEN))
            return gd_fail(error, GD_FORMAT, "key '%s' is one of an answer's own: rename it", member->key);
        gd_text_add(begin, begin->length ? "," : "");
        gd_text_add_json(begin, member->key);
        gd_text_add(begin, ":");
        gd_attr_print_json(member, begin);
    }
    if (begin->length > GD_LINE_BACK)
        return gd_fail(error, GD_FORMAT, "%zu bytes would come back with the answer, more than %d", begin->length,
                       GD_LINE_BACK);
    return gd_text_status(begin, error);
}

static gd_status read_line(const char *folder, const char *line, size_t length, gd_arena *arena, gd_asked *asked,
                           gd_text *begin, gd_error *error)
{
    gd_attr *root;
    gd_error cause = {0};
    gd_status status = gd_json_parse(arena, "line", line, length, (gd_json_limits){16, 10000}, &root, &cause);
    if (status != GD_OK)
        return gd_fail(error, status, "column %d: %s", cause.column, cause.message);
    if (root->kind == GD_ATTR_MAP)
        GD_TRY(read_source(folder, root, arena, asked, error));
    else if (is_text(root))
        GD_TRY(read_path(folder, root, arena, asked, error));
    else
        return gd_fail(error, GD_FORMAT, "neither an object nor a path");
    return print_back(root, begin, error);
}

gd_status gd_line_read(const char *folder, int64_t number, const char *line, size_t length, gd_arena *arena,
                       gd_asked *asked, gd_text *begin, gd_error *error)
{
    *asked = (gd_asked){0};
    begin->length = 0;
    gd_status status = read_line(folder, line, length, arena, asked, begin, error);
    if (status != GD_OK || begin->length == 0) {
        begin->length = 0;
        gd_text_add(begin, "\"line\":%" PRId64, number);
        if (status == GD_OK)
            status = gd_text_status(begin, error);
    }
    return status;
}
