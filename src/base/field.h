// SPDX-License-Identifier: Apache-2.0
/* Fields: one table describes a struct of settings, and reading, defaults, ranges, nearest keys, printing back and
 * the documentation all follow from it. Ops' parameters and the config's sections are bound this way.
 *
 *     typedef struct { int kernel, stride; bool bias; } conv_params;
 *     static const gd_field fields[] = {
 *         GD_FIELD_INT(conv_params, kernel, "3", 1, 64, "side of the window, in pixels"),
 *         GD_FIELD_BOOL(conv_params, bias, "false", "add a bias per output channel"),
 *         {0},
 *     };
 */
#ifndef GD_BASE_FIELD_H
#define GD_BASE_FIELD_H

#include "base/attr.h"

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum gd_field_kind {
    GD_FIELD_KIND_END,
    GD_FIELD_KIND_INT,     /* int */
    GD_FIELD_KIND_UINT64,  /* uint64_t */
    GD_FIELD_KIND_REAL,    /* double */
    GD_FIELD_KIND_BOOL,    /* bool */
    GD_FIELD_KIND_TEXT,    /* const char *, "" where empty; in the arena */
    GD_FIELD_KIND_CHOICE,  /* int: index into the space-separated words of `choices` */
    GD_FIELD_KIND_INTS,    /* gd_ints */
    GD_FIELD_KIND_REALS,   /* gd_reals; a scalar is a list of one */
    GD_FIELD_KIND_TEXTS,   /* gd_texts; a scalar is a list of one */
    GD_FIELD_KIND_SECTION, /* a struct of its own, described by `fields` */
    GD_FIELD_KIND_TREE     /* const gd_attr *: left as it is (NULL where absent); its owner reads it */
} gd_field_kind;

typedef struct gd_ints {
    int n;
    const int *at;
} gd_ints;
typedef struct gd_reals {
    int n;
    const double *at;
} gd_reals;
typedef struct gd_texts {
    int n;
    const char *const *at;
} gd_texts;

typedef struct gd_field {
    const char *key;
    gd_field_kind kind;
    size_t offset;        /* in the struct */
    const char *fallback; /* text of the default, read like a value ("" for an empty list or text); NULL: required */
    double least, most;   /* inclusive range of a number or of each list member */
    const char *choices;
    const struct gd_field *fields;
    const char *help; /* one line, with the unit */
} gd_field;

/* The formatter takes the braces of a macro for a block. */
/* clang-format off */
#define GD_FIELD_INT(type, name, fallback, least, most, help)                                                          \
    {#name, GD_FIELD_KIND_INT, offsetof(type, name), fallback, least, most, 0, 0, help}
/* `word` is another way to write 0, and how 0 is printed. */
#define GD_FIELD_INT_OR(type, name, fallback, word, most, help)                                                        \
    {#name, GD_FIELD_KIND_INT, offsetof(type, name), fallback, 0, most, word, 0, help}
#define GD_FIELD_UINT64(type, name, fallback, help)                                                                    \
    {#name, GD_FIELD_KIND_UINT64, offsetof(type, name), fallback, 0, 0, 0, 0, help}
#define GD_FIELD_REAL(type, name, fallback, least, most, help)                                                         \
    {#name, GD_FIELD_KIND_REAL, offsetof(type, name), fallback, least, most, 0, 0, help}
#define GD_FIELD_BOOL(type, name, fallback, help)                                                                      \
    {#name, GD_FIELD_KIND_BOOL, offsetof(type, name), fallback, 0, 0, 0, 0, help}
#define GD_FIELD_TEXT(type, name, fallback, help)                                                                      \
    {#name, GD_FIELD_KIND_TEXT, offsetof(type, name), fallback, 0, 0, 0, 0, help}
#define GD_FIELD_CHOICE(type, name, fallback, choices, help)                                                           \
    {#name, GD_FIELD_KIND_CHOICE, offsetof(type, name), fallback, 0, 0, choices, 0, help}
#define GD_FIELD_INTS(type, name, fallback, least, most, help)                                                         \
    {#name, GD_FIELD_KIND_INTS, offsetof(type, name), fallback, least, most, 0, 0, help}
#define GD_FIELD_REALS(type, name, fallback, least, most, help)                                                        \
    {#name, GD_FIELD_KIND_REALS, offsetof(type, name), fallback, least, most, 0, 0, help}
#define GD_FIELD_TEXTS(type, name, fallback, help)                                                                     \
    {#name, GD_FIELD_KIND_TEXTS, offsetof(type, name), fallback, 0, 0, 0, 0, help}
#define GD_FIELD_SECTION(type, name, fields, help)                                                                     \
    {#name, GD_FIELD_KIND_SECTION, offsetof(type, name), "", 0, 0, 0, fields, help}
#define GD_FIELD_TREE(type, name, help) {#name, GD_FIELD_KIND_TREE, offsetof(type, name), "", 0, 0, 0, 0, help}
/* clang-format on */

/* Fills `object` from `map` (NULL: all defaults). Texts and lists live in `arena`. INVALID, with the place, for an
 * unknown key (naming the nearest known one), a key given twice, a wrong type, a value out of range (naming the
 * range), a missing required key. */
gd_status gd_fields_read(const gd_field *fields, void *object, const gd_attr *map, gd_arena *arena, gd_error *error);

/* The inverse: a map with every field, defaults too. NULL when there is no memory. */
gd_attr *gd_fields_print(const gd_field *fields, const void *object, gd_arena *arena);

/* Single values, for readers of TREEs: INVALID with the place. */
gd_status gd_attr_int(const gd_attr *node, double least, double most, int *value, gd_error *error);
gd_status gd_attr_real(const gd_attr *node, double least, double most, double *value, gd_error *error);
gd_status gd_attr_bool(const gd_attr *node, bool *value, gd_error *error);

#ifdef __cplusplus
}
#endif
#endif
