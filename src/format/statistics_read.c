// SPDX-License-Identifier: Apache-2.0
/* Columns from statistics.json, a managed monitor's or our own. Those without a sketch are left out: there is nothing
 * to compare. */
#include "base/field.h"
#include "format/own.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double largest = 1e140, most_items = 1099511627776; /* 2^40 */

/* ---- numbers ---- */

static gd_status read_level(const gd_attr *list, gd_arena *arena, const double **level, size_t *n, gd_error *error)
{
    if (list->kind != GD_ATTR_LIST)
        return gd_fail_at(error, GD_FORMAT, list->place, "a sketch's level is no list of numbers");
    double *x = gd_arena_alloc(arena, (size_t)gd_attr_count(list) + 1, sizeof *x);
    if (!x)
        return gd_fail(error, GD_NOMEM, "out of memory for a sketch");
    *n = 0;
    *level = x;
    for (const gd_attr *one = list->first; one; one = one->next)
        GD_TRY(gd_attr_real(one, -largest, largest, &x[(*n)++], error));
    return GD_OK;
}

static gd_status read_moments(const gd_attr *numbers, gd_moments *m, gd_error *error)
{
    const gd_attr *common;
    int64_t present, absent;
    double deviation;
    GD_TRY(gd_member(numbers, "common", &common, error));
    GD_TRY(gd_member_count(common, "num_present", &present, error));
    GD_TRY(gd_member_count(common, "num_missing", &absent, error));
    *m = (gd_moments){.n = (uint64_t)present, .absent = (uint64_t)absent};
    if (present == 0)
        return GD_OK;
    GD_TRY(gd_member_real(numbers, "sum", -largest * most_items, largest * most_items, &m->sum, error));
    GD_TRY(gd_member_real(numbers, "std_dev", 0, largest, &deviation, error));
    GD_TRY(gd_member_real(numbers, "min", -largest, largest, &m->min, error));
    GD_TRY(gd_member_real(numbers, "max", m->min, largest, &m->max, error));
    m->squares = deviation * deviation * (double)present;
    return GD_OK;
}

static gd_status restore(const gd_attr *sketch, gd_moments moments, gd_arena *arena, gd_column *column, gd_error *error)
{
    const double *level[GD_SKETCH_LEVELS];
    size_t n[GD_SKETCH_LEVELS];
    gd_sketch_parts parts = {.moments = moments, .variance = -1, .level = level, .n = n};
    const gd_attr *parameters, *data;
    GD_TRY(gd_member(sketch, "parameters", &parameters, error));
    GD_TRY(gd_member(sketch, "data", &data, error));
    GD_TRY(gd_member_real(parameters, "c", 0, 1, &parts.c, error));
    GD_TRY(gd_member_real(parameters, "k", 0, 1e6, &parts.k, error));
    if (data->kind != GD_ATTR_LIST || gd_attr_count(data) > GD_SKETCH_LEVELS)
        return gd_fail_at(error, GD_FORMAT, data->place, "'data' is no list of at most %d levels", GD_SKETCH_LEVELS);
    for (const gd_attr *one = data->first; one; one = one->next) {
        GD_TRY(read_level(one, arena, &level[parts.levels], &n[parts.levels], error));
        parts.levels++;
    }
    column->sketch = malloc(sizeof *column->sketch);
    if (!column->sketch)
        return gd_fail(error, GD_NOMEM, "out of memory for a sketch");
    gd_sketch_init(column->sketch, 0);
    const gd_status status = gd_sketch_restore(column->sketch, &parts, 0, error);
    return status == GD_OK ? status : gd_error_prefix(error, data->place, "column '%s'", column->name);
}

/* ---- names ---- */

static gd_status read_names(const gd_attr *strings, gd_column *column, gd_error *error)
{
    const gd_attr *categorical = gd_attr_find(gd_attr_find(strings, "distribution"), "categorical");
    const gd_attr *buckets, *common;
    int64_t absent, count;
    const char *name;
    GD_TRY(gd_member(categorical ? categorical : strings, "buckets", &buckets, error));
    GD_TRY(gd_member(strings, "common", &common, error));
    GD_TRY(gd_member_count(common, "num_missing", &absent, error));
    column->names = calloc(1, sizeof *column->names);
    if (!column->names)
        return gd_fail(error, GD_NOMEM, "out of memory for names");
    column->names->absent = (uint64_t)absent;
    for (const gd_attr *one = buckets->first; one; one = one->next) {
        GD_TRY(gd_member_text(one, "value", &name, error));
        GD_TRY(gd_member_count(one, "count", &count, error));
        GD_TRY(gd_categories_add(column->names, name, strlen(name), (uint64_t)count, error));
    }
    if ((double)gd_categories_total(column->names) > most_items)
        return gd_fail_at(error, GD_FORMAT, buckets->place, "column '%s' counts more than 2^40 names", column->name);
    return GD_OK;
}

/* ---- columns ---- */

static gd_status read_own(const gd_attr *own, gd_column *column, gd_error *error)
{
    int64_t other;
    const gd_attr *broken = gd_attr_find(own, "broken");
    if (broken)
        GD_TRY(gd_member_count(own, "broken", &column->broken, error));
    if (column->names && gd_attr_find(own, "other")) {
        GD_TRY(gd_member_count(own, "other", &other, error));
        column->names->other += (uint64_t)other;
    }
    return GD_OK;
}

static gd_status kind_of(const gd_attr *from, gd_column_kind *kind, gd_column_of *of, gd_error *error)
{
    const gd_attr *type, *own = gd_attr_find(from, "griddle");
    bool any;
    GD_TRY(gd_member(from, "inferred_type", &type, error));
    GD_TRY(gd_managed_kind(type, kind, &any, error));
    if (any && gd_attr_find(from, "string_statistics"))
        *kind = GD_COLUMN_NAMES;
    *of = GD_OF_TABLE;
    if (own) {
        const gd_attr *own_kind, *own_of;
        int word, place;
        GD_TRY(gd_member(own, "kind", &own_kind, error));
        GD_TRY(gd_member(own, "of", &own_of, error));
        GD_TRY(gd_attr_word(own_kind, gd_column_kinds, 4, &word, error));
        GD_TRY(gd_attr_word(own_of, gd_column_ofs, 4, &place, error));
        *kind = (gd_column_kind)word;
        *of = (gd_column_of)place;
    }
    return GD_OK;
}

static gd_status read_numbers(const gd_attr *from, const gd_attr *numbers, gd_profile *profile, gd_column_kind kind,
                              gd_column_of of, const char *name, gd_error *error)
{
    gd_column *column;
    gd_arena arena = {0};
    const gd_attr *sketch = gd_attr_find(gd_attr_find(gd_attr_find(numbers, "distribution"), "kll"), "sketch");
    gd_moments moments;
    GD_TRY(read_moments(numbers, &moments, error));
    if (!sketch)
        return GD_OK;
    GD_TRY(gd_column_new(profile, from->place, name, kind, of, &column, error));
    const gd_status status = restore(sketch, moments, &arena, column, error);
    gd_arena_release(&arena);
    return status == GD_OK ? read_own(gd_attr_find(from, "griddle"), column, error) : status;
}

static gd_status read_column(const gd_attr *from, gd_profile *profile, gd_error *error)
{
    const char *name;
    gd_column_kind kind;
    gd_column_of of;
    gd_column *column;
    const gd_attr *numbers = gd_attr_find(from, "numerical_statistics"), *strings;
    GD_TRY(gd_member_text(from, "name", &name, error));
    GD_TRY(kind_of(from, &kind, &of, error));
    if (kind != GD_COLUMN_NAMES)
        return numbers ? read_numbers(from, numbers, profile, kind, of, name, error) : GD_OK;
    strings = gd_attr_find(from, "string_statistics");
    if (!gd_attr_find(gd_attr_find(gd_attr_find(strings, "distribution"), "categorical"), "buckets"))
        return GD_OK;
    GD_TRY(gd_column_new(profile, from->place, name, kind, of, &column, error));
    GD_TRY(read_names(strings, column, error));
    return read_own(gd_attr_find(from, "griddle"), column, error);
}

static gd_status read_root(const gd_attr *root, gd_profile *profile, gd_error *error)
{
    const gd_attr *dataset, *features;
    GD_TRY(gd_member(root, "dataset", &dataset, error));
    GD_TRY(gd_member_count(dataset, "item_count", &profile->items, error));
    GD_TRY(gd_member(root, "features", &features, error));
    for (const gd_attr *one = features->first; one; one = one->next)
        GD_TRY(read_column(one, profile, error));
    return GD_OK;
}

gd_status gd_statistics_read(const char *path, gd_profile *profile, gd_error *error)
{
    gd_arena arena = {0};
    gd_attr *root;
    gd_status status = gd_profile_init(profile, &(gd_profile_options){0}, error);
    if (status == GD_OK)
        status = gd_json_file(path, &arena, &root, error);
    if (status == GD_OK)
        status = read_root(root, profile, error);
    gd_arena_release(&arena);
    if (status != GD_OK)
        gd_profile_release(profile);
    return status;
}
