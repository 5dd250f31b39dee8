// SPDX-License-Identifier: Apache-2.0
/* Source: NEP 1 and numpy.lib.format, versions 1.0 to 3.0. Behind the magic string, the version and a length stands a
 * dictionary as Python writes it, whose keys may come in any order; then the array. */
#include "body/body_form.h"
#include "body/media.h"

#include <stdio.h>
#include <string.h>

enum { MOST_HEADER = 10000 }; /* bytes, as many as numpy.load reads unless told */

typedef struct npy {
    const gd_body *body;
    const char *at, *end; /* of the dictionary */
    gd_span type;         /* numpy's descr */
    bool fortran;         /* columns first */
    uint64_t axis[4];     /* more are counted, but not kept */
    int rank;
    char shape[96]; /* in words */
    const uint8_t *data;
    size_t length;
    gd_error *error;
} npy;

static gd_status malformed(const npy *n, const char *what)
{
    return gd_fail_at(n->error, GD_FORMAT, n->body->place, "%s: not an npy file", what);
}

/* Reads up to the dictionary. */
static gd_status open_file(npy *n)
{
    static const uint8_t magic[] = {0x93, 'N', 'U', 'M', 'P', 'Y'};
    const uint8_t *bytes = n->body->bytes;
    const size_t length = n->body->length;
    if (length < 10 || memcmp(bytes, magic, sizeof magic) != 0)
        return malformed(n, "it does not begin with \\x93NUMPY and a header");
    if (bytes[6] < 1 || bytes[6] > 3 || bytes[7] != 0)
        return gd_fail_at(n->error, GD_FORMAT, n->body->place, "npy version %d.%d is not one of 1.0, 2.0 and 3.0",
                          bytes[6], bytes[7]);
    const size_t start = bytes[6] == 1 ? 10 : 12;
    if (length < start)
        return malformed(n, "the file ends within its header");
    size_t header = bytes[8] | (size_t)bytes[9] << 8;
    if (bytes[6] > 1)
        header |= (size_t)bytes[10] << 16 | (size_t)bytes[11] << 24;
    if (header > MOST_HEADER)
        return gd_fail_at(n->error, GD_FORMAT, n->body->place, "an npy header of %zu bytes is longer than %d", header,
                          MOST_HEADER);
    if (header > length - start)
        return malformed(n, "the file ends within its header");
    n->at = (const char *)bytes + start;
    n->end = n->at + header;
    n->data = bytes + start + header;
    n->length = length - start - header;
    return GD_OK;
}

static void skip_space(npy *n)
{
    while (n->at < n->end && strchr(" \t\r\n", *n->at) && *n->at)
        n->at++;
}

static bool take(npy *n, char c)
{
    skip_space(n);
    if (n->at == n->end || *n->at != c)
        return false;
    n->at++;
    return true;
}

static bool take_word(npy *n, const char *word)
{
    skip_space(n);
    const size_t length = strlen(word);
    if ((size_t)(n->end - n->at) < length || memcmp(n->at, word, length) != 0)
        return false;
    n->at += length;
    return true;
}

/* A string in either kind of quotes, without escapes. */
static bool take_string(npy *n, gd_span *string)
{
    skip_space(n);
    if (n->at == n->end || (*n->at != '\'' && *n->at != '"'))
        return false;
    const char quote = *n->at++, *close = memchr(n->at, quote, (size_t)(n->end - n->at));
    if (!close || memchr(n->at, '\\', (size_t)(close - n->at)))
        return false;
    *string = (gd_span){n->at, (size_t)(close - n->at)};
    n->at = close + 1;
    return true;
}

/* A tuple of sizes; what Python 2 wrote has an L behind each. */
static gd_status read_shape(npy *n)
{
    if (!take(n, '('))
        return malformed(n, "'shape' is no tuple");
    while (!take(n, ')')) {
        uint64_t size = 0;
        int digits = 0;
        for (skip_space(n); n->at < n->end && *n->at >= '0' && *n->at <= '9' && digits < 18; n->at++, digits++)
            size = 10 * size + (uint64_t)(*n->at - '0');
        if (digits == 0)
            return malformed(n, "'shape' is no tuple of sizes");
        (void)take(n, 'L');
        if (n->rank < 4)
            n->axis[n->rank] = size;
        n->rank++;
        if (!take(n, ',')) {
            if (!take(n, ')'))
                return malformed(n, "'shape' is no tuple of sizes");
            break;
        }
    }
    return GD_OK;
}

static bool is(gd_span key, const char *word)
{
    return strlen(word) == key.length && memcmp(key.at, word, key.length) == 0;
}

static gd_status read_value(npy *n, gd_span key, int *seen)
{
    const int which = is(key, "descr") ? 1 : is(key, "fortran_order") ? 2 : is(key, "shape") ? 4 : 0;
    if (which == 0 || (*seen & which))
        return malformed(n, "a header has 'descr', 'fortran_order' and 'shape', each once");
    *seen |= which;
    if (which == 4)
        return read_shape(n);
    if (which == 2) {
        n->fortran = take_word(n, "True");
        return n->fortran || take_word(n, "False") ? GD_OK : malformed(n, "'fortran_order' is not True or False");
    }
    if (take(n, '['))
        return gd_fail_at(n->error, GD_FORMAT, n->body->place,
                          "the array has named fields where uint8 (0 to 255) is read: send one field of it");
    return take_string(n, &n->type) ? GD_OK : malformed(n, "'descr' is no string");
}

static gd_status read_header(npy *n)
{
    int seen = 0;
    gd_span key;
    if (!take(n, '{'))
        return malformed(n, "the header is no dictionary");
    while (!take(n, '}')) {
        if (!take_string(n, &key) || !take(n, ':'))
            return malformed(n, "a key of the header is no string");
        GD_TRY(read_value(n, key, &seen));
        if (!take(n, ',')) {
            if (!take(n, '}'))
                return malformed(n, "the header is not closed");
            break;
        }
    }
    skip_space(n);
    if (n->at != n->end)
        return malformed(n, "something follows the header's dictionary");
    return seen == 7 ? GD_OK : malformed(n, "a header has 'descr', 'fortran_order' and 'shape', each once");
}

/* numpy's name of a type, "float32" of "<f4", into `name`. */
static void name_type(gd_span type, char *name, size_t room)
{
    static const char kinds[] = "iufc";
    static const char *const words[] = {"int", "uint", "float", "complex"};
    const char *code = type.at + (type.length > 0 && strchr("<>|=", *type.at) ? 1 : 0);
    const size_t length = (size_t)(type.at + type.length - code);
    const char *kind = length > 1 && *code ? strchr(kinds, *code) : NULL;
    int bytes = 0;
    for (size_t i = 1; i < length && i < 4 && bytes >= 0; i++)
        bytes = code[i] >= '0' && code[i] <= '9' ? 10 * bytes + (code[i] - '0') : -1;
    if (length == 2 && memcmp(code, "b1", 2) == 0)
        snprintf(name, room, "bool");
    else if (kind && bytes > 0 && length < 4)
        snprintf(name, room, "%s%d", words[kind - kinds], 8 * bytes);
    else
        snprintf(name, room, "'%.*s'", (int)(type.length < 40 ? type.length : 40), type.at);
}

static gd_status check_array(npy *n)
{
    const gd_place place = n->body->place;
    char type[64];
    name_type(n->type, type, sizeof type);
    if (strcmp(type, "uint8") != 0)
        return gd_fail_at(n->error, GD_FORMAT, place,
                          "the array is %s where uint8 (0 to 255) is read: send x.astype(numpy.uint8), scaled to 255 "
                          "first where it is 0 to 1",
                          type);
    if (n->fortran)
        return gd_fail_at(n->error, GD_FORMAT, place,
                          "the array has its columns first (fortran_order): send numpy.ascontiguousarray(x)");
    if (n->rank < 2 || n->rank > 4)
        return gd_fail_at(n->error, GD_FORMAT, place, "the array has %d axes, not 2 (H,W), 3 (H,W,C) or 4 (N,H,W,C)",
                          n->rank);
    double bytes = 1; /* may be more than any integer holds */
    int used = 0;
    for (int i = 0; i < n->rank; i++) {
        bytes *= (double)n->axis[i];
        used += snprintf(n->shape + used, sizeof n->shape - (size_t)used, "%s%llu", i ? ", " : "",
                         (unsigned long long)n->axis[i]);
    }
    if (bytes != (double)n->length || bytes == 0)
        return gd_fail_at(n->error, GD_FORMAT, place, "the array (%s) has %.0f bytes, %zu follow the header", n->shape,
                          bytes, n->length);
    return GD_OK;
}

gd_status gd_body_read_npy(const gd_body *body, gd_error *error)
{
    npy n = {.body = body, .error = error};
    GD_TRY(open_file(&n));
    GD_TRY(read_header(&n));
    GD_TRY(check_array(&n));
    return gd_body_add_array(body, body->place, n.rank, n.axis, n.data, error);
}
