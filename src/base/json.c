// SPDX-License-Identifier: Apache-2.0
/* Source: RFC 8259. Recursive descent with a bound on its depth. */
#include "base/json.h"
#include "base/json_scan.h"

#include <string.h>

typedef struct parser {
    gd_json_scan scan;
    gd_arena *arena;
    int depth, nodes; /* how many more are allowed */
} parser;

static gd_place here(parser *p) { return gd_json_place(&p->scan, p->scan.at); }

static gd_status malformed(parser *p, const char *what)
{
    (void)gd_json_malformed(&p->scan, what);
    return GD_FORMAT;
}

static gd_status no_memory(parser *p)
{
    (void)gd_fail_at(p->scan.error, GD_NOMEM, here(p), "out of memory");
    return GD_NOMEM;
}

static bool take(parser *p, char c) { return gd_json_take(&p->scan, c); }

/* Behind the opening quote. */
static gd_status parse_string(parser *p, const char **text)
{
    size_t length;
    char *to = gd_arena_alloc(p->arena, gd_json_string_room(&p->scan) + 1, 1);
    if (!to)
        return no_memory(p);
    *text = to;
    return gd_json_string(&p->scan, to, &length);
}

size_t gd_json_number(const char *text)
{
    const gd_json_scan scan = gd_json_scan_of(NULL, text, strlen(text), NULL);
    return gd_json_number_length(&scan);
}

/* true, false, null or a number. */
static gd_status parse_plain(parser *p, gd_attr **node)
{
    static const char *const words[] = {"true", "false", "null"};
    size_t left = (size_t)(p->scan.end - p->scan.at), length = 0;
    for (int i = 0; i < 3 && length == 0; i++) {
        size_t n = strlen(words[i]);
        length = n <= left && memcmp(p->scan.at, words[i], n) == 0 ? n : 0;
    }
    if (length == 0)
        length = gd_json_number_length(&p->scan);
    if (length == 0)
        return malformed(p, p->scan.at == p->scan.end ? "the text ends where a value is expected" : "not a JSON value");
    const char *text = *p->scan.at == 'n' ? "" : gd_arena_text_n(p->arena, p->scan.at, length);
    *node = text ? gd_attr_new(p->arena, GD_ATTR_SCALAR, text) : NULL;
    if (!*node)
        return no_memory(p);
    p->scan.at += length;
    return GD_OK;
}

static gd_status parse_value(parser *p, gd_attr **node);

/* The members behind `[` or `{`. */
static gd_status parse_members(parser *p, gd_attr *node)
{
    char close = node->kind == GD_ATTR_LIST ? ']' : '}';
    if (take(p, close))
        return GD_OK;
    do {
        const char *key = NULL;
        gd_attr *child;
        gd_place key_place = {0};
        if (node->kind == GD_ATTR_MAP) {
            gd_json_skip_space(&p->scan);
            key_place = here(p);
            if (!take(p, '"'))
                return malformed(p, "a key in quotes is expected");
            GD_TRY(parse_string(p, &key));
            if (!take(p, ':'))
                return malformed(p, "':' is expected behind a key");
        }
        GD_TRY(parse_value(p, &child));
        child->key_place = key_place;
        if (gd_attr_append(p->arena, node, key, child) != GD_OK)
            return no_memory(p);
    } while (take(p, ','));
    if (!take(p, close))
        return malformed(p, close == ']' ? "',' or ']' is expected" : "',' or '}' is expected");
    return node->kind == GD_ATTR_MAP ? gd_attr_check_keys(node, GD_FORMAT, p->scan.error) : GD_OK;
}

static gd_status parse_value(parser *p, gd_attr **node)
{
    gd_json_skip_space(&p->scan);
    gd_place start = here(p);
    if (p->nodes-- == 0)
        return malformed(p, "the document has too many values");
    if (take(p, '"')) {
        const char *text;
        GD_TRY(parse_string(p, &text));
        *node = gd_attr_new(p->arena, GD_ATTR_SCALAR, text);
        if (!*node)
            return no_memory(p);
        (*node)->quoted = true;
    } else if (p->scan.at < p->scan.end && (*p->scan.at == '[' || *p->scan.at == '{')) {
        *node = gd_attr_new(p->arena, *p->scan.at == '[' ? GD_ATTR_LIST : GD_ATTR_MAP, NULL);
        if (!*node)
            return no_memory(p);
        (*node)->place = start;
        if (p->depth-- == 0)
            return malformed(p, "the document is nested too deeply");
        p->scan.at++;
        GD_TRY(parse_members(p, *node));
        p->depth++;
    } else {
        GD_TRY(parse_plain(p, node));
    }
    (*node)->place = start;
    return GD_OK;
}

gd_status gd_json_parse(gd_arena *arena, const char *file, const char *text, size_t length, gd_json_limits limits,
                        gd_attr **root, gd_error *error)
{
    parser p = {.scan = gd_json_scan_of(file, text, length, error), .arena = arena};
    p.depth = limits.depth > 0 ? limits.depth : 64;
    p.nodes = limits.nodes > 0 ? limits.nodes : 1000000;
    GD_TRY(parse_value(&p, root));
    gd_json_skip_space(&p.scan);
    return p.scan.at == p.scan.end ? GD_OK : malformed(&p, "something follows the document");
}
