// SPDX-License-Identifier: Apache-2.0
/* YAML into an attribute tree, by libyaml's document API, which keeps line and column. What would make a config mean
 * something else than it looks like is refused: duplicate keys, merge keys, tags, a second document. */
#include "config/config.h"

#include <string.h>
#include <yaml.h>

enum { MAX_DEPTH = 64, MAX_NODES = 10000 };

typedef struct reader {
    gd_arena *arena;
    const char *name;
    yaml_document_t *document;
    int nodes;
    gd_error *error;
} reader;

static gd_place place_of(const reader *r, yaml_mark_t mark)
{
    return (gd_place){r->name, (int)mark.line + 1, (int)mark.column + 1};
}

static gd_status no_memory(const reader *r, yaml_mark_t mark)
{
    return gd_fail_at(r->error, GD_NOMEM, place_of(r, mark), "out of memory");
}

static gd_status read_scalar(const reader *r, const yaml_node_t *node, gd_attr **to)
{
    static const char *const words[][2] = {{"~", ""},          {"null", ""},       {"Null", ""},
                                           {"NULL", ""},       {"True", "true"},   {"TRUE", "true"},
                                           {"False", "false"}, {"FALSE", "false"}, {NULL, NULL}};
    const char *text = (const char *)node->data.scalar.value;
    if (strlen(text) != node->data.scalar.length)
        return gd_fail_at(r->error, GD_INVALID, place_of(r, node->start_mark), "a text must not contain \\0");
    bool quoted = node->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
    for (int i = 0; !quoted && words[i][0]; i++) {
        if (strcmp(text, words[i][0]) == 0)
            text = words[i][1];
    }
    *to = gd_attr_new(r->arena, GD_ATTR_SCALAR, text);
    if (!*to)
        return no_memory(r, node->start_mark);
    (*to)->quoted = quoted;
    return GD_OK;
}

/* Printed back, every byte of a key may take six, and libyaml reads keys of at most 1024. */
enum { MAX_KEY = 128 };

static gd_status check_key(const reader *r, const yaml_node_t *key)
{
    gd_place place = place_of(r, key->start_mark);
    if (key->type != YAML_SCALAR_NODE || key->data.scalar.length == 0)
        return gd_fail_at(r->error, GD_INVALID, place, "a key must be a text");
    const char *text = (const char *)key->data.scalar.value;
    if (strlen(text) != key->data.scalar.length)
        return gd_fail_at(r->error, GD_INVALID, place, "a key must not contain \\0");
    if (key->data.scalar.length > MAX_KEY)
        return gd_fail_at(r->error, GD_INVALID, place, "a key of %zu bytes is longer than %d", key->data.scalar.length,
                          MAX_KEY);
    if (strcmp(text, "<<") == 0 && key->data.scalar.style == YAML_PLAIN_SCALAR_STYLE)
        return gd_fail_at(r->error, GD_INVALID, place, "merge keys ('<<') are not understood; write the keys out");
    return GD_OK;
}

/* Aliases are copied, so that a loop of them runs into `depth` and a bomb of them into MAX_NODES. */
static gd_status read_node(reader *r, int index, int depth, gd_attr **to)
{
    const yaml_node_t *node = yaml_document_get_node(r->document, index);
    gd_place place = place_of(r, node->start_mark);
    static const char standard[] = "tag:yaml.org,2002:";
    const char *tag = (const char *)node->tag;
    const char *kind = node->type == YAML_SCALAR_NODE ? "str" : node->type == YAML_SEQUENCE_NODE ? "seq" : "map";
    if (depth == MAX_DEPTH)
        return gd_fail_at(r->error, GD_INVALID, place, "nested more than %d levels deep", MAX_DEPTH);
    if (++r->nodes > MAX_NODES)
        return gd_fail_at(r->error, GD_INVALID, place, "more than %d values", MAX_NODES);
    if (strncmp(tag, standard, sizeof standard - 1) != 0 || strcmp(tag + sizeof standard - 1, kind) != 0)
        return gd_fail_at(r->error, GD_INVALID, place, "tag '%s' is not understood; leave it out", tag);

    if (node->type == YAML_SCALAR_NODE) {
        GD_TRY(read_scalar(r, node, to));
    } else {
        *to = gd_attr_new(r->arena, node->type == YAML_MAPPING_NODE ? GD_ATTR_MAP : GD_ATTR_LIST, NULL);
        if (!*to)
            return no_memory(r, node->start_mark);
    }
    (*to)->place = place;
    gd_attr *child;
    if (node->type == YAML_SEQUENCE_NODE) {
        for (yaml_node_item_t *item = node->data.sequence.items.start; item < node->data.sequence.items.top; item++) {
            GD_TRY(read_node(r, *item, depth + 1, &child));
            if (gd_attr_append(r->arena, *to, NULL, child) != GD_OK)
                return no_memory(r, node->start_mark);
        }
    } else if (node->type == YAML_MAPPING_NODE) {
        for (yaml_node_pair_t *pair = node->data.mapping.pairs.start; pair < node->data.mapping.pairs.top; pair++) {
            const yaml_node_t *key = yaml_document_get_node(r->document, pair->key);
            GD_TRY(check_key(r, key));
            GD_TRY(read_node(r, pair->value, depth + 1, &child));
            child->key_place = place_of(r, key->start_mark);
            if (gd_attr_append(r->arena, *to, (const char *)key->data.scalar.value, child) != GD_OK)
                return no_memory(r, node->start_mark);
        }
        GD_TRY(gd_attr_check_keys(*to, GD_INVALID, r->error));
    }
    return GD_OK;
}

/* What libyaml complains about. Its reader knows an offset only, the rest a line and column. */
static gd_status syntax_error(const yaml_parser_t *parser, const char *name, const char *text, gd_error *error)
{
    gd_place place = {name, (int)parser->problem_mark.line + 1, (int)parser->problem_mark.column + 1};
    const char *problem = parser->problem ? parser->problem : "not YAML";
    if (parser->error == YAML_MEMORY_ERROR)
        return gd_fail_at(error, GD_NOMEM, place, "out of memory");
    if (parser->error == YAML_READER_ERROR) {
        place.line = place.column = 1;
        for (size_t i = 0; i < parser->problem_offset; i++) {
            place.column = text[i] == '\n' ? 1 : place.column + (((unsigned char)text[i] & 0xc0u) != 0x80u);
            place.line += text[i] == '\n';
        }
    }
    return gd_fail_at(error, GD_INVALID, place, "%s%s%s", problem, parser->context ? " " : "",
                      parser->context ? parser->context : "");
}

gd_status gd_yaml_parse(gd_arena *arena, const char *name, const char *text, size_t length, gd_attr **root,
                        gd_error *error)
{
    yaml_parser_t parser;
    yaml_document_t document, second;
    if (!yaml_parser_initialize(&parser))
        return gd_fail(error, GD_NOMEM, "out of memory for '%s'", name);
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, length);
    gd_status status;
    if (!yaml_parser_load(&parser, &document)) {
        status = syntax_error(&parser, name, text, error);
        yaml_parser_delete(&parser);
        return status;
    }
    reader r = {arena, gd_arena_text(arena, name), &document, 0, error}; /* places outlive the caller's name */
    if (!r.name) {
        status = gd_fail(error, GD_NOMEM, "out of memory for '%s'", name);
    } else if (yaml_document_get_root_node(&document)) {
        status = read_node(&r, 1, 0, root);
    } else { /* nothing but comments */
        *root = gd_attr_new(arena, GD_ATTR_SCALAR, "");
        status = *root ? GD_OK : gd_fail(error, GD_NOMEM, "out of memory for '%s'", name);
        if (*root)
            (*root)->place = (gd_place){r.name, 1, 1};
    }
    if (status == GD_OK) {
        if (!yaml_parser_load(&parser, &second)) {
            status = syntax_error(&parser, name, text, error);
        } else {
            const yaml_node_t *more = yaml_document_get_root_node(&second);
            if (more)
                status = gd_fail_at(error, GD_INVALID, place_of(&r, more->start_mark), "a second document begins");
            yaml_document_delete(&second);
        }
    }
    yaml_document_delete(&document);
    yaml_parser_delete(&parser);
    return status;
}
