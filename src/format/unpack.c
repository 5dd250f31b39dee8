// SPDX-License-Identifier: Apache-2.0
/* The names of a baseline, and its columns; unpack_whole.c has what comes of all pictures together. */
#include "format/unpack.h"
#include "base/field.h"
#include "base/json.h"
#include "format/seal.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const int64_t most_items = INT64_C(1) << 40;
enum { CLASSES = 1 << 20 };

gd_status gd_unpack_take(gd_unpacking *u, const char *name, gd_type type, const void **data, int64_t *count)
{
    const gd_tensor_entry *entry = gd_safetensors_find(u->file, name);
    *data = NULL;
    *count = 0;
    if (!entry)
        return GD_OK;
    if (entry->desc.type != type)
        return gd_fail_at(u->error, GD_FORMAT, u->place, "tensor '%s' is %s where %s is wanted", name,
                          gd_type_name(entry->desc.type), gd_type_name(type));
    *data = entry->data;
    *count = gd_desc_count(entry->desc);
    return GD_OK;
}

gd_status gd_unpack_want(gd_unpacking *u, const char *name, gd_type type, int64_t wanted, const void **data)
{
    int64_t count;
    GD_TRY(gd_unpack_take(u, name, type, data, &count));
    if (count != wanted)
        return gd_fail_at(u->error, GD_FORMAT, u->place,
                          "tensor '%s' has %" PRId64 " numbers where %" PRId64 " are wanted", name, count, wanted);
    return GD_OK;
}

gd_status gd_unpack_wrong(gd_unpacking *u, const char *what)
{
    return gd_fail_at(u->error, GD_FORMAT, u->place, "%s", what);
}

bool gd_are_finite(const double *x, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        if (!isfinite(x[i]))
            return false;
    }
    return true;
}

bool gd_are_counts(const int64_t *x, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        if (x[i] < 0 || x[i] > most_items)
            return false;
    }
    return true;
}

/* ---- a column ---- */

static const char *name_in(char name[64], int column, const char *what)
{
    snprintf(name, 64, "column.%d.%s", column, what);
    return name;
}

/* Levels follow each other in `item`. Fills parts. */
static gd_status split_levels(gd_unpacking *u, const int64_t *whole, int64_t levels, const double *item, int64_t items,
                              const double **level, size_t *n)
{
    int64_t at = 0;
    for (int64_t h = 0; h < levels; h++) {
        const int64_t here = whole[5 + 2 * h], halvings = whole[6 + 2 * h];
        if (here < 0 || here > items - at || halvings < 0 || halvings > UINT32_MAX)
            return gd_unpack_wrong(u, "a sketch's levels hold more numbers than there are");
        level[h] = item + at;
        n[h] = (size_t)here;
        at += here;
    }
    return at == items && items <= GD_SKETCH_ITEMS
               ? GD_OK
               : gd_unpack_wrong(u, "a sketch has numbers that are in none of its levels, or too many");
}

static gd_status unpack_numbers(gd_unpacking *u, int i, gd_column *column)
{
    char name[64];
    const double *level[GD_SKETCH_LEVELS];
    size_t n[GD_SKETCH_LEVELS];
    const void *of_whole, *of_real, *item;
    int64_t length, items;
    GD_TRY(gd_unpack_take(u, name_in(name, i, "whole"), GD_I64, &of_whole, &length));
    const int64_t *whole = of_whole, levels = (length - 5) / 2;
    if (length < 7 || length % 2 == 0 || levels > GD_SKETCH_LEVELS || !gd_are_counts(whole, 2) ||
        !gd_are_counts(whole + 3, 2))
        return gd_unpack_wrong(u, "a sketch's counts are malformed");
    GD_TRY(gd_unpack_want(u, name_in(name, i, "real"), GD_F64, 6, &of_real));
    GD_TRY(gd_unpack_take(u, name_in(name, i, "item"), GD_F64, &item, &items));
    GD_TRY(split_levels(u, whole, levels, item, items, level, n));
    const double *real = of_real;
    if (!gd_are_finite(real, 6) || real[4] < 0 || real[5] < 0 || (whole[0] > 0 && !(real[0] <= real[1])))
        return gd_unpack_wrong(u, "a sketch's moments are malformed");
    const gd_moments moments = {(uint64_t)whole[0], (uint64_t)whole[1], real[0], real[1], real[2], real[3], real[4]};
    const gd_sketch_parts parts = {moments, real[5], GD_SKETCH_K, GD_SKETCH_C, (int)levels, level, n};
    column->sketch = malloc(sizeof *column->sketch);
    if (!column->sketch)
        return gd_fail(u->error, GD_NOMEM, "out of memory for column '%s'", column->name);
    gd_sketch_init(column->sketch, 0);
    gd_error why = {0};
    if (gd_sketch_restore(column->sketch, &parts, (uint64_t)whole[2], &why) != GD_OK)
        return gd_fail_at(u->error, GD_FORMAT, u->place, "column '%s': %s", column->name, why.message);
    for (int64_t h = 0; h < levels; h++)
        column->sketch->halvings[h] = (uint32_t)whole[6 + 2 * h];
    column->sketch->blocks = (uint64_t)whole[4];
    column->broken = whole[3];
    return GD_OK;
}

static gd_status unpack_names(gd_unpacking *u, int i, const gd_attr *names, gd_column *column)
{
    char tensor[64];
    const void *of_count;
    const int64_t n = gd_attr_count(names);
    GD_TRY(gd_unpack_want(u, name_in(tensor, i, "count"), GD_I64, n + 2, &of_count));
    const int64_t *count = of_count;
    if (n > GD_CATEGORIES || !gd_are_counts(count, n + 2))
        return gd_unpack_wrong(u, "counts are malformed, or of too many names");
    column->names = calloc(1, sizeof *column->names);
    if (!column->names)
        return gd_fail(u->error, GD_NOMEM, "out of memory for column '%s'", column->name);
    int64_t k = 2;
    for (const gd_attr *name = names->first; name; name = name->next) {
        if (name->kind != GD_ATTR_SCALAR)
            return gd_fail_at(u->error, GD_FORMAT, name->place, "a name is no text");
        GD_TRY(gd_categories_add(column->names, name->text, strlen(name->text), (uint64_t)count[k++], u->error));
    }
    column->names->other += (uint64_t)count[0];
    column->names->absent = (uint64_t)count[1];
    return (int64_t)gd_categories_total(column->names) <= most_items
               ? GD_OK
               : gd_unpack_wrong(u, "it counts more than 2^40 names");
}

static gd_status unpack_column(gd_unpacking *u, int i, const gd_attr *from)
{
    const gd_attr *kind, *of, *names = NULL;
    const char *name;
    int kind_word, of_word;
    gd_column *column;
    GD_TRY(gd_member_text(from, "name", &name, u->error));
    GD_TRY(gd_member(from, "kind", &kind, u->error));
    GD_TRY(gd_member(from, "of", &of, u->error));
    GD_TRY(gd_attr_word(kind, gd_column_kinds, 4, &kind_word, u->error));
    GD_TRY(gd_attr_word(of, gd_column_ofs, 4, &of_word, u->error));
    GD_TRY(gd_column_new(&u->baseline->profile, from->place, name, (gd_column_kind)kind_word, (gd_column_of)of_word,
                         &column, u->error));
    if (column->kind == GD_COLUMN_NAMES)
        GD_TRY(gd_member(from, "names", &names, u->error));
    const gd_status status =
        column->kind == GD_COLUMN_NAMES ? unpack_names(u, i, names, column) : unpack_numbers(u, i, column);
    return status == GD_OK ? status : gd_error_prefix(u->error, from->place, "column '%s'", name);
}

/* ---- the profile ---- */

static gd_status read_classes(gd_unpacking *u, const gd_attr *list, gd_profile_options *options)
{
    const int n = gd_attr_count(list);
    const char **name = gd_arena_alloc(&u->arena, (size_t)n + 1, sizeof *name);
    if (!name)
        return gd_fail(u->error, GD_NOMEM, "out of memory for %d classes", n);
    if (n > CLASSES)
        return gd_fail_at(u->error, GD_FORMAT, list->place, "%d classes; at most %d", n, CLASSES);
    for (const gd_attr *one = list->first; one; one = one->next) {
        if (one->kind != GD_ATTR_SCALAR)
            return gd_fail_at(u->error, GD_FORMAT, one->place, "a class's name is no text");
        name[options->n_classes++] = one->text;
    }
    options->classes = name;
    return GD_OK;
}

static gd_status unpack_profile(gd_unpacking *u, const gd_attr *about)
{
    gd_profile_options options = {0};
    const gd_attr *classes, *columns;
    int64_t items, features;
    GD_TRY(gd_member_count(about, "items", &items, u->error));
    GD_TRY(gd_member_count(about, "features", &features, u->error));
    GD_TRY(gd_member(about, "classes", &classes, u->error));
    GD_TRY(gd_member(about, "columns", &columns, u->error));
    GD_TRY(read_classes(u, classes, &options));
    if (features > GD_FEATURES_MOST)
        return gd_unpack_wrong(u, "more features than a picture can have");
    options.n_features = (int)features;
    GD_TRY(gd_unpack_features(u, &options));
    u->baseline->profile.items = items;
    int i = 0;
    for (const gd_attr *one = columns->first; one; one = one->next)
        GD_TRY(unpack_column(u, i++, one));
    return GD_OK;
}

/* ---- all of it ---- */

static gd_status copy_text(gd_unpacking *u, const gd_attr *about, const char *key, char *to, size_t bytes)
{
    const char *text;
    GD_TRY(gd_member_text(about, key, &text, u->error));
    if (strlen(text) >= bytes)
        return gd_fail_at(u->error, GD_FORMAT, about->place, "'%s' has %zu bytes; at most %zu", key, strlen(text),
                          bytes - 1);
    memcpy(to, text, strlen(text) + 1);
    return GD_OK;
}

static gd_status unpack_all(gd_unpacking *u)
{
    gd_attr *about;
    double version;
    gd_baseline *b = u->baseline;
    const char *text = gd_safetensors_metadata(u->file, gd_seal_about);
    if (!text)
        return gd_unpack_wrong(u, "no baseline: its metadata lack 'griddle_baseline'");
    GD_TRY(gd_json_parse(&u->arena, u->place.file, text, strlen(text), (gd_json_limits){0}, &about, u->error));
    GD_TRY(gd_member_real(about, "format_version", 1, 1e6, &version, u->error));
    if (version != GD_BASELINE_VERSION)
        return gd_fail_at(u->error, GD_UNSUPPORTED, u->place,
                          "a baseline of format %.0f, where this build reads %d; 'griddle monitor baseline' makes it "
                          "anew",
                          version, GD_BASELINE_VERSION);
    GD_TRY(copy_text(u, about, "model", b->model, sizeof b->model));
    GD_TRY(copy_text(u, about, "source", b->source, sizeof b->source));
    GD_TRY(unpack_profile(u, about));
    GD_TRY(gd_member_count(about, "labelled", &b->competence.n, u->error));
    GD_TRY(gd_unpack_directions(u));
    if (b->competence.n > 0)
        GD_TRY(gd_unpack_competence(u));
    return gd_unpack_pictures(u, gd_attr_find(about, "typical"));
}

gd_status gd_unpack(const gd_safetensors *file, gd_baseline *baseline, gd_error *error)
{
    gd_unpacking u = {.file = file, .baseline = baseline, .place = {file->name, 0, 0}, .error = error};
    const gd_status status = unpack_all(&u);
    gd_arena_release(&u.arena);
    return status;
}
