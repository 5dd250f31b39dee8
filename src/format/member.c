// SPDX-License-Identifier: Apache-2.0
#include "format/member.h"

#include "base/field.h"
#include "base/file.h"
#include "base/json.h"

#include <string.h>

enum { FILE_MOST = 256 << 20 /* bytes */ };

gd_status gd_json_file(const char *path, gd_arena *arena, gd_attr **root, gd_error *error)
{
    char *text;
    size_t bytes;
    GD_TRY(gd_file_read(path, FILE_MOST, arena, &text, &bytes, error));
    GD_TRY(gd_json_parse(arena, path, text, bytes, (gd_json_limits){0}, root, error));
    if ((*root)->kind != GD_ATTR_MAP)
        return gd_fail_at(error, GD_FORMAT, (*root)->place, "no JSON object");
    return GD_OK;
}

gd_status gd_member(const gd_attr *map, const char *key, const gd_attr **member, gd_error *error)
{
    *member = gd_attr_find(map, key);
    if (!*member)
        return gd_fail_at(error, GD_FORMAT, map->place, "'%s' is missing", key);
    return GD_OK;
}

gd_status gd_member_real(const gd_attr *map, const char *key, double least, double most, double *value, gd_error *error)
{
    const gd_attr *node;
    GD_TRY(gd_member(map, key, &node, error));
    return gd_attr_real(node, least, most, value, error);
}

gd_status gd_member_text(const gd_attr *map, const char *key, const char **text, gd_error *error)
{
    const gd_attr *node;
    GD_TRY(gd_member(map, key, &node, error));
    if (node->kind != GD_ATTR_SCALAR)
        return gd_fail_at(error, GD_FORMAT, node->place, "'%s' is no text", key);
    *text = node->text;
    return GD_OK;
}

gd_status gd_member_count(const gd_attr *map, const char *key, int64_t *value, gd_error *error)
{
    double real;
    GD_TRY(gd_member_real(map, key, 0, 1099511627776, &real, error)); /* 2^40 */
    *value = (int64_t)real;
    return GD_OK;
}

gd_status gd_attr_word(const gd_attr *node, const char *const *words, int n, int *value, gd_error *error)
{
    const char *text = node->kind == GD_ATTR_SCALAR ? node->text : "";
    for (*value = 0; *value < n; ++*value) {
        if (strcmp(words[*value], text) == 0)
            return GD_OK;
    }
    const char *nearest = gd_nearest(text, words, n);
    return gd_fail_at(error, GD_INVALID, node->place, "'%s' is '%s'%s%s%s", node->key ? node->key : "value", text,
                      nearest ? "; did you mean '" : ", which is not known here", nearest ? nearest : "",
                      nearest ? "'?" : "");
}
