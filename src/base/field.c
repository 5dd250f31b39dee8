// SPDX-License-Identifier: Apache-2.0
#include "base/field.h"

#include <errno.h>
#include <float.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_CHOICES = 32, MAX_KEYS = 128 };

/* ---- scalars ---- */

/* "'key'" of a map's member; a list's members borrow the name of their list. */
static const char *name_of(const gd_attr *node, const char *fallback)
{
    return node->key ? node->key : fallback ? fallback : "value";
}

static gd_status wrong(const gd_attr *node, const char *name, const char *wanted, gd_error *error)
{
    if (node->kind != GD_ATTR_SCALAR)
        return gd_fail_at(error, GD_INVALID, node->place, "'%s' is a %s where %s is wanted", name,
                          node->kind == GD_ATTR_LIST ? "list" : "map", wanted);
    if (!node->text[0] && !node->quoted)
        return gd_fail_at(error, GD_INVALID, node->place, "'%s' is empty where %s is wanted", name, wanted);
    return gd_fail_at(error, GD_INVALID, node->place, "'%s' is '%s'%s where %s is wanted", name, node->text,
                      node->quoted ? " in quotes" : "", wanted);
}

static gd_status check_range(const gd_attr *node, const char *name, double least, double most, double value,
                             gd_error *error)
{
    if (value >= least && value <= most)
        return GD_OK;
    return gd_fail_at(error, GD_INVALID, node->place, "'%s' is %s, outside %.10g to %.10g", name, node->text, least,
                      most);
}

/* Plain text that begins like a number: strtod and strtoll would skip white space, and take "inf" and "0x1". */
static bool numeric(const gd_attr *node)
{
    return node->kind == GD_ATTR_SCALAR && !node->quoted && node->text[0] &&
           strspn(node->text, "+-.0123456789eE") == strlen(node->text);
}

static gd_status read_int(const gd_attr *node, const char *name, double least, double most, int *value, gd_error *error)
{
    char *end = NULL;
    long long number = 0;
    errno = 0;
    if (numeric(node))
        number = strtoll(node->text, &end, 10);
    if (!end || *end || end == node->text)
        return wrong(node, name, "a whole number", error);
    if (number < INT_MIN || number > INT_MAX || errno == ERANGE) {
        double low = least > INT_MIN ? least : INT_MIN, high = most < INT_MAX ? most : INT_MAX;
        return check_range(node, name, low, high, number < 0 ? -HUGE_VAL : HUGE_VAL, error);
    }
    GD_TRY(check_range(node, name, least, most, (double)number, error));
    *value = (int)number;
    return GD_OK;
}

static gd_status read_uint64(const gd_attr *node, const char *name, uint64_t *value, gd_error *error)
{
    char *end = NULL;
    unsigned long long number = 0;
    errno = 0;
    if (numeric(node) && node->text[0] != '-')
        number = strtoull(node->text, &end, 10);
    if (!end || *end || end == node->text || errno == ERANGE)
        return wrong(node, name, "a whole number of at most 64 bits, not negative,", error);
    *value = number;
    return GD_OK;
}

static gd_status read_real(const gd_attr *node, const char *name, double least, double most, double *value,
                           gd_error *error)
{
    char *end = NULL;
    double number = 0;
    if (numeric(node))
        number = strtod(node->text, &end);
    if (!end || *end || end == node->text || !isfinite(number))
        return wrong(node, name, "a number", error);
    GD_TRY(check_range(node, name, least, most, number, error));
    *value = number;
    return GD_OK;
}

static gd_status read_bool(const gd_attr *node, const char *name, bool *value, gd_error *error)
{
    bool plain = node->kind == GD_ATTR_SCALAR && !node->quoted;
    *value = plain && strcmp(node->text, "true") == 0;
    if (*value || (plain && strcmp(node->text, "false") == 0))
        return GD_OK;
    return wrong(node, name, "true or false", error);
}

gd_status gd_attr_int(const gd_attr *node, double least, double most, int *value, gd_error *error)
{
    return read_int(node, name_of(node, NULL), least, most, value, error);
}

gd_status gd_attr_real(const gd_attr *node, double least, double most, double *value, gd_error *error)
{
    return read_real(node, name_of(node, NULL), least, most, value, error);
}

gd_status gd_attr_bool(const gd_attr *node, bool *value, gd_error *error)
{
    return read_bool(node, name_of(node, NULL), value, error);
}

/* ---- choices ---- */

typedef struct choice_words {
    int n;
    const char *at[MAX_CHOICES];
    char text[512];
} choice_words;

static void split(const char *choices, choice_words *words)
{
    char *rest = NULL;
    words->n = 0;
    snprintf(words->text, sizeof words->text, "%s", choices);
    for (char *word = strtok_r(words->text, " ", &rest); word && words->n < MAX_CHOICES;
         word = strtok_r(NULL, " ", &rest))
        words->at[words->n++] = word;
}

static gd_status read_choice(const gd_field *field, const gd_attr *node, int *value, gd_error *error)
{
    choice_words choices;
    split(field->choices, &choices);
    if (node->kind != GD_ATTR_SCALAR)
        return wrong(node, field->key, "one word", error);
    for (int i = 0; i < choices.n; i++) {
        if (strcmp(node->text, choices.at[i]) == 0) {
            *value = i;
            return GD_OK;
        }
    }
    const char *near = gd_nearest(node->text, choices.at, choices.n);
    if (near)
        return gd_fail_at(error, GD_INVALID, node->place, "'%s' is '%s'; did you mean '%s'?", field->key, node->text,
                          near);
    return gd_fail_at(error, GD_INVALID, node->place, "'%s' is '%s'; it can be: %s", field->key, node->text,
                      field->choices);
}

/* ---- lists ---- */

/* gd_ints, gd_reals and gd_texts differ in what they point at only. */
static gd_status read_list(const gd_field *field, void *to, const gd_attr *node, gd_arena *arena, gd_error *error)
{
    if (node->kind == GD_ATTR_MAP)
        return wrong(node, field->key, "a list", error);
    bool none = node->kind == GD_ATTR_SCALAR && !node->quoted && !node->text[0];
    int n = none ? 0 : node->kind == GD_ATTR_LIST ? gd_attr_count(node) : 1, i = 0;
    int *ints = NULL;
    double *reals = NULL;
    const char **texts = NULL;
    if (field->kind == GD_FIELD_KIND_INTS)
        ints = gd_arena_alloc(arena, (size_t)n, sizeof *ints);
    else if (field->kind == GD_FIELD_KIND_REALS)
        reals = gd_arena_alloc(arena, (size_t)n, sizeof *reals);
    else
        texts = gd_arena_alloc(arena, (size_t)n, sizeof *texts);
    if (!ints && !reals && !texts)
        return gd_fail_at(error, GD_NOMEM, node->place, "out of memory for '%s'", field->key);
    for (const gd_attr *item = node->kind == GD_ATTR_LIST ? node->first : node; i < n; item = item->next, i++) {
        if (ints) {
            GD_TRY(read_int(item, field->key, field->least, field->most, &ints[i], error));
        } else if (reals) {
            GD_TRY(read_real(item, field->key, field->least, field->most, &reals[i], error));
        } else {
            if (item->kind != GD_ATTR_SCALAR || (!item->quoted && !item->text[0]))
                return wrong(item, field->key, "a list of texts", error);
            texts[i] = gd_arena_text(arena, item->text);
            if (!texts[i])
                return gd_fail_at(error, GD_NOMEM, node->place, "out of memory for '%s'", field->key);
        }
    }
    if (ints)
        *(gd_ints *)to = (gd_ints){n, ints};
    else if (reals)
        *(gd_reals *)to = (gd_reals){n, reals};
    else
        *(gd_texts *)to = (gd_texts){n, texts};
    return GD_OK;
}

/* ---- structs ---- */

static gd_status read_value(const gd_field *field, void *to, const gd_attr *node, gd_arena *arena, gd_error *error)
{
    switch (field->kind) {
    case GD_FIELD_KIND_INT:
        if (field->choices && node->kind == GD_ATTR_SCALAR && strcmp(node->text, field->choices) == 0) {
            *(int *)to = 0;
            return GD_OK;
        }
        return read_int(node, field->key, field->least, field->most, to, error);
    case GD_FIELD_KIND_UINT64:
        return read_uint64(node, field->key, to, error);
    case GD_FIELD_KIND_REAL:
        return read_real(node, field->key, field->least, field->most, to, error);
    case GD_FIELD_KIND_BOOL:
        return read_bool(node, field->key, to, error);
    case GD_FIELD_KIND_CHOICE:
        return read_choice(field, node, to, error);
    case GD_FIELD_KIND_TEXT:
        if (node->kind != GD_ATTR_SCALAR)
            return wrong(node, field->key, "a text", error);
        *(const char **)to = gd_arena_text(arena, node->text);
        return *(const char **)to ? GD_OK
                                  : gd_fail_at(error, GD_NOMEM, node->place, "out of memory for '%s'", field->key);
    case GD_FIELD_KIND_INTS:
    case GD_FIELD_KIND_REALS:
    case GD_FIELD_KIND_TEXTS:
        return read_list(field, to, node, arena, error);
    case GD_FIELD_KIND_SECTION:
        if (node->kind == GD_ATTR_LIST || (node->kind == GD_ATTR_SCALAR && (node->quoted || node->text[0])))
            return wrong(node, field->key, "a map", error);
        return gd_fields_read(field->fields, to, node, arena, error);
    case GD_FIELD_KIND_TREE:
        *(const gd_attr **)to = node;
        return GD_OK;
    case GD_FIELD_KIND_END:
        break;
    }
    return GD_INTERNAL;
}

static gd_status read_fallback(const gd_field *field, void *to, const gd_attr *map, gd_arena *arena, gd_error *error)
{
    gd_attr *value;
    if (field->kind == GD_FIELD_KIND_TREE) {
        *(const gd_attr **)to = NULL;
        return GD_OK;
    }
    if (field->kind == GD_FIELD_KIND_SECTION)
        return gd_fields_read(field->fields, to, NULL, arena, error);
    gd_place place = map ? map->place : (gd_place){0};
    if (!field->fallback)
        return gd_fail_at(error, GD_INVALID, place, "'%s' is missing: %s", field->key, field->help);
    GD_TRY(gd_attr_parse_value(arena, field->fallback, place, &value, error));
    return read_value(field, to, value, arena, error);
}

static const gd_field *find_field(const gd_field *fields, const char *key)
{
    for (; fields->kind != GD_FIELD_KIND_END; fields++) {
        if (strcmp(fields->key, key) == 0)
            return fields;
    }
    return NULL;
}

static gd_status unknown_key(const gd_field *fields, const gd_attr *node, gd_error *error)
{
    const char *keys[MAX_KEYS];
    char known[384];
    int n = 0;
    size_t used = 0;
    for (; fields[n].kind != GD_FIELD_KIND_END && n < MAX_KEYS; n++) {
        keys[n] = fields[n].key;
        used += (size_t)snprintf(known + used, sizeof known - used, n ? ", %s" : "%s", keys[n]);
        used = used < sizeof known ? used : sizeof known - 1;
    }
    gd_place place = node->key_place.file ? node->key_place : node->place;
    const char *near = gd_nearest(node->key, keys, n);
    if (near)
        return gd_fail_at(error, GD_INVALID, place, "unknown key '%s'; did you mean '%s'?", node->key, near);
    if (n == 0)
        return gd_fail_at(error, GD_INVALID, place, "unknown key '%s'; nothing can be set here", node->key);
    return gd_fail_at(error, GD_INVALID, place, "unknown key '%s'; known are: %s", node->key, known);
}

gd_status gd_fields_read(const gd_field *fields, void *object, const gd_attr *map, gd_arena *arena, gd_error *error)
{
    bool none = !map || (map->kind == GD_ATTR_SCALAR && !map->quoted && !map->text[0]);
    if (!none && map->kind != GD_ATTR_MAP)
        return wrong(map, name_of(map, NULL), "a map", error);
    if (!none) {
        GD_TRY(gd_attr_check_keys(map, GD_INVALID, error));
        for (const gd_attr *child = map->first; child; child = child->next) {
            if (!find_field(fields, child->key))
                return unknown_key(fields, child, error);
        }
    }
    for (const gd_field *field = fields; field->kind != GD_FIELD_KIND_END; field++) {
        void *to = (char *)object + field->offset;
        const gd_attr *node = none ? NULL : gd_attr_find(map, field->key);
        GD_TRY(node ? read_value(field, to, node, arena, error)
                    : read_fallback(field, to, none ? NULL : map, arena, error));
    }
    return GD_OK;
}

/* ---- printing ---- */

static gd_attr *scalar(gd_arena *arena, const char *text, bool quoted)
{
    gd_attr *node = gd_attr_new(arena, GD_ATTR_SCALAR, text);
    if (node)
        node->quoted = quoted;
    return node;
}

/* The shortest decimal that reads back as the same double. */
static gd_attr *real(gd_arena *arena, double value)
{
    char text[32];
    for (int digits = 15; digits <= DBL_DECIMAL_DIG; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, value);
        if (strtod(text, NULL) == value)
            break;
    }
    return scalar(arena, text, false);
}

static gd_attr *integer(gd_arena *arena, long long value)
{
    char text[32];
    snprintf(text, sizeof text, "%lld", value);
    return scalar(arena, text, false);
}

static gd_attr *print_list(const gd_field *field, const void *from, gd_arena *arena)
{
    gd_attr *list = gd_attr_new(arena, GD_ATTR_LIST, NULL);
    int n = field->kind == GD_FIELD_KIND_INTS    ? ((const gd_ints *)from)->n
            : field->kind == GD_FIELD_KIND_REALS ? ((const gd_reals *)from)->n
                                                 : ((const gd_texts *)from)->n;
    for (int i = 0; list && i < n; i++) {
        gd_attr *item = field->kind == GD_FIELD_KIND_INTS    ? integer(arena, ((const gd_ints *)from)->at[i])
                        : field->kind == GD_FIELD_KIND_REALS ? real(arena, ((const gd_reals *)from)->at[i])
                                                             : scalar(arena, ((const gd_texts *)from)->at[i], true);
        if (!item || gd_attr_append(arena, list, NULL, item) != GD_OK)
            return NULL;
    }
    return list;
}

static gd_attr *print_value(const gd_field *field, const void *from, gd_arena *arena)
{
    choice_words choices;
    char text[32];
    switch (field->kind) {
    case GD_FIELD_KIND_INT:
        if (field->choices && *(const int *)from == 0)
            return scalar(arena, field->choices, false);
        return integer(arena, *(const int *)from);
    case GD_FIELD_KIND_UINT64:
        snprintf(text, sizeof text, "%llu", (unsigned long long)*(const uint64_t *)from);
        return scalar(arena, text, false);
    case GD_FIELD_KIND_REAL:
        return real(arena, *(const double *)from);
    case GD_FIELD_KIND_BOOL:
        return scalar(arena, *(const bool *)from ? "true" : "false", false);
    case GD_FIELD_KIND_TEXT:
        return scalar(arena, *(const char *const *)from, true);
    case GD_FIELD_KIND_CHOICE:
        split(field->choices, &choices);
        return scalar(arena, choices.at[*(const int *)from], true);
    case GD_FIELD_KIND_INTS:
    case GD_FIELD_KIND_REALS:
    case GD_FIELD_KIND_TEXTS:
        return print_list(field, from, arena);
    case GD_FIELD_KIND_SECTION:
        return gd_fields_print(field->fields, from, arena);
    case GD_FIELD_KIND_TREE:
        return *(gd_attr *const *)from ? gd_attr_copy(arena, *(gd_attr *const *)from) : scalar(arena, "", false);
    case GD_FIELD_KIND_END:
        break;
    }
    return NULL;
}

gd_attr *gd_fields_print(const gd_field *fields, const void *object, gd_arena *arena)
{
    gd_attr *map = gd_attr_new(arena, GD_ATTR_MAP, NULL);
    for (const gd_field *field = fields; map && field->kind != GD_FIELD_KIND_END; field++) {
        gd_attr *value = print_value(field, (const char *)object + field->offset, arena);
        if (!value || gd_attr_append(arena, map, field->key, value) != GD_OK)
            return NULL;
    }
    return map;
}
