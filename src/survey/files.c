// SPDX-License-Identifier: Apache-2.0
#include "survey/files.h"

#include "base/field.h"
#include "base/file.h"
#include "base/json.h"
#include "survey/files_own.h"

#include <stdio.h>
#include <string.h>

static const char statistics_file[] = "statistics.json", rules_file[] = "constraints.json";
static const char tensors_file[] = "baseline.safetensors";

gd_status gd_path_in(const char *folder, const char *name, char path[GD_PATH], gd_error *error)
{
    if (snprintf(path, GD_PATH, "%s/%s", folder, name) >= GD_PATH)
        return gd_fail(error, GD_INVALID, "the path of '%s' has more than %d bytes", name, GD_PATH - 1);
    return GD_OK;
}

/* ---- reading JSON ---- */

gd_status gd_json_file(const char *path, gd_arena *arena, gd_attr **root, gd_error *error)
{
    char *text;
    size_t bytes;
    GD_TRY(gd_file_read(path, GD_FILE_MOST, arena, &text, &bytes, error));
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

gd_status gd_column_new(gd_profile *profile, gd_place place, const char *name, gd_column_kind kind, gd_column_of of,
                        gd_column **column, gd_error *error)
{
    const size_t length = strlen(name);
    if (profile->n_columns == GD_PROFILE_COLUMNS || length == 0 || length >= GD_COLUMN_NAME)
        return gd_fail_at(error, GD_FORMAT, place,
                          "column '%.40s' has a name of %zu bytes, outside 1 to %d, or there are more than %d columns",
                          name, length, GD_COLUMN_NAME - 1, GD_PROFILE_COLUMNS);
    if (gd_profile_column(profile, name))
        return gd_fail_at(error, GD_FORMAT, place, "there are two columns '%s'", name);
    *column = &profile->column[profile->n_columns++];
    **column = (gd_column){.kind = kind, .of = of};
    memcpy((*column)->name, name, length + 1);
    return GD_OK;
}

/* ---- a baseline's folder ---- */

static gd_status write_text(const char *folder, const char *name, const gd_text *text, gd_error *error)
{
    char path[GD_PATH];
    GD_TRY(gd_text_status(text, error));
    GD_TRY(gd_path_in(folder, name, path, error));
    return gd_file_write(path, text->at, text->length, error);
}

static gd_status write_json(const char *folder, const gd_baseline *baseline, gd_error *error)
{
    gd_text statistics = {0}, rules = {0};
    gd_statistics_print(&baseline->profile, &statistics);
    gd_rules_print(&baseline->rules, &rules);
    gd_status status = write_text(folder, statistics_file, &statistics, error);
    if (status == GD_OK)
        status = write_text(folder, rules_file, &rules, error);
    gd_text_release(&statistics);
    gd_text_release(&rules);
    return status;
}

gd_status gd_out_check(const char *folder, const char *const *others, gd_error *error)
{
    for (; *others; others++) {
        char path[GD_PATH];
        GD_TRY(gd_path_in(folder, *others, path, error));
        if (gd_file_exists(path))
            return gd_fail(error, GD_INVALID,
                           "'%s' has %s, and files of the same names as are written here: name another folder with -o",
                           folder, *others);
    }
    return GD_OK;
}

gd_status gd_baseline_write(const char *folder, const gd_baseline *baseline, gd_error *error)
{
    char path[GD_PATH];
    GD_TRY(gd_path_in(folder, tensors_file, path, error));
    GD_TRY(gd_folder_make(folder, error));
    GD_TRY(gd_pack(path, baseline, error));
    return write_json(folder, baseline, error);
}

/* Without our own file, classes are the names that the rules allow for the prediction: of those that were written here
 * they are all, in their order. So answers can be told, and are not missed. */
static gd_status take_classes(gd_baseline *baseline, gd_error *error)
{
    gd_profile *profile = &baseline->profile;
    for (int i = 0; i < baseline->rules.n; i++) {
        const gd_column_rule *rule = &baseline->rules.column[i];
        if (strcmp(rule->name, "prediction") != 0 || rule->kind != GD_COLUMN_NAMES || rule->n_domain == 0)
            continue;
        const char **classes = gd_arena_alloc(&profile->arena, (size_t)rule->n_domain, sizeof *classes);
        if (!classes)
            return gd_fail(error, GD_NOMEM, "out of memory for %d classes", rule->n_domain);
        for (int c = 0; c < rule->n_domain; c++)
            classes[c] = rule->domain[c]; /* lives as long as the rules do, which is as long as the profile */
        profile->options.classes = classes;
        profile->options.n_classes = rule->n_domain;
    }
    return GD_OK;
}

gd_status gd_baseline_read(const char *folder, gd_baseline *baseline, gd_error *error)
{
    char rules[GD_PATH], tensors[GD_PATH], statistics[GD_PATH];
    *baseline = (gd_baseline){0};
    GD_TRY(gd_path_in(folder, rules_file, rules, error));
    GD_TRY(gd_path_in(folder, tensors_file, tensors, error));
    GD_TRY(gd_path_in(folder, statistics_file, statistics, error));
    const bool packed = gd_file_exists(tensors);
    if (!gd_file_exists(rules) || !(packed || gd_file_exists(statistics)))
        return gd_fail(error, GD_IO, "'%s' is no baseline's folder: it lacks %s; 'griddle monitor baseline' makes one",
                       folder, gd_file_exists(rules) ? statistics_file : rules_file);
    gd_status status =
        packed ? gd_unpack(tensors, baseline, error) : gd_statistics_read(statistics, &baseline->profile, error);
    if (status == GD_OK)
        status = gd_rules_read(rules, &baseline->rules, error);
    if (status == GD_OK && !packed)
        status = take_classes(baseline, error);
    if (status != GD_OK)
        gd_baseline_release(baseline);
    return status;
}
