// SPDX-License-Identifier: Apache-2.0
/* Attribute tree: key, value, source position. YAML, a model's JSON graph, a test case's text and ONNX each fill
 * such a tree; everything that has settings reads them from it, so that nothing below `config` knows YAML and
 * every complaint has a place.
 *
 * A scalar is kept as text: what type it must have is known by its reader (base/field.h). A tree lives in the
 * arena that it was made in, and borrows the file names of its places.
 */
#ifndef GD_BASE_ATTR_H
#define GD_BASE_ATTR_H

#include "base/arena.h"
#include "base/status.h"

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum gd_attr_kind { GD_ATTR_SCALAR, GD_ATTR_LIST, GD_ATTR_MAP } gd_attr_kind;

typedef struct gd_attr {
    gd_attr_kind kind;
    const char *key;  /* in a map; NULL in a list and at the root */
    const char *text; /* of a scalar; never NULL there. An empty plain scalar or `null` is an empty text, not quoted */
    bool quoted;      /* the scalar stood in quotes: a string, whatever it looks like */
    gd_place place;   /* of the value */
    gd_place key_place;
    struct gd_attr *first, *next; /* children of a list or map in order; the next sibling */
    struct gd_attr *last;         /* child, so that appending does not search */
} gd_attr;

/* A new node without parent, or NULL when there is no memory. Copies text. */
gd_attr *gd_attr_new(gd_arena *arena, gd_attr_kind kind, const char *text);

/* Appends `child` to a list (key NULL) or map. Takes nothing: all is the arena's. Copies key. */
gd_status gd_attr_append(gd_arena *arena, gd_attr *parent, const char *key, gd_attr *child);

/* The child of that key, or NULL; also NULL where `map` is NULL or no map. */
gd_attr *gd_attr_find(const gd_attr *map, const char *key);

/* How many children. */
int gd_attr_count(const gd_attr *node);

/* Fails with `status` at the first child of `map` whose key an earlier child has. In n log n: maps may be a stranger's.
 */
gd_status gd_attr_check_keys(const gd_attr *map, gd_status status, gd_error *error);

/* Sets path `a.b.c` below `root` to `value`, making the maps on the way and replacing what stood there, so that the
 * last of repeated settings wins. `a.0.b` enters lists by index. INVALID when a step on the way is a scalar
 * (but an empty plain one becomes a map), a list has no such index, or there are more than 64 steps. */
gd_status gd_attr_set(gd_arena *arena, gd_attr *root, const char *path, gd_attr *value, gd_error *error);

/* One value as the command line writes it: `[a, b, c]` is a list, '…' or "…" a text whatever it looks like, anything
 * else a plain scalar up to the end. */
gd_status gd_attr_parse_value(gd_arena *arena, const char *text, gd_place place, gd_attr **value, gd_error *error);

/* "key=value a.b=value" with such values, plain ones without white space, into a map; dots make maps within it and
 * the last of repeated keys wins. What a test case writes. */
gd_status gd_attr_parse_pairs(gd_arena *arena, const char *text, gd_place place, gd_attr **map, gd_error *error);

/* Deep copy into `arena`; NULL when there is no memory. */
gd_attr *gd_attr_copy(gd_arena *arena, const gd_attr *node);

/* The tree as block-style YAML, one key a line, or as JSON in one line; appended to a growing text (base/text.h). */
struct gd_text;
gd_status gd_attr_print_yaml(const gd_attr *node, int indent, struct gd_text *out);
gd_status gd_attr_print_json(const gd_attr *node, struct gd_text *out);

/* The member of `names` (n of them) that is nearest to `word` by edits, or NULL when none is near. */
const char *gd_nearest(const char *word, const char *const *names, int n);

#ifdef __cplusplus
}
#endif
#endif
