// SPDX-License-Identifier: Apache-2.0
/* Bounded JSON: a text into an attribute tree. For documents that may come from a stranger (a model's header and
 * graph, a capture line): depth, node count and bytes are limited, and every complaint has a place.
 * `true`, `false` and numbers become plain scalars of that text, `null` an empty plain one, strings quoted scalars.
 * Columns count characters, not bytes. */
#ifndef GD_BASE_JSON_H
#define GD_BASE_JSON_H

#include "base/attr.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct gd_json_limits {
    int depth, nodes;
} gd_json_limits; /* {0}: 64 levels, 1,000,000 nodes */

/* FORMAT with the place where `text` (length bytes, no final 0 needed) is not one JSON value with only white space
 * around it: also for duplicate keys, unescaped control characters, invalid UTF-8, lone surrogates, \u0000. */
gd_status gd_json_parse(gd_arena *arena, const char *file, const char *text, size_t length, gd_json_limits limits,
                        gd_attr **root, gd_error *error);

/* How many bytes of `text` (0-terminated) are a number as JSON writes it; 0: it does not begin with one. */
size_t gd_json_number(const char *text);

#ifdef __cplusplus
}
#endif
#endif
