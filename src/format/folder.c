// SPDX-License-Identifier: Apache-2.0
#include "format/files.h"

#include "base/file.h"
#include "format/own.h"
#include "format/seal.h"

#include <stdio.h>
#include <string.h>

enum { PATH = 4096 };

static const char statistics_file[] = "statistics.json", rules_file[] = "constraints.json";
static const char tensors_file[] = "baseline.safetensors";

static gd_status path_in(const char *folder, const char *name, char path[PATH], gd_error *error)
{
    if (snprintf(path, PATH, "%s/%s", folder, name) >= PATH)
        return gd_fail(error, GD_INVALID, "the path of '%s' in '%.64s…' has more than %d bytes: take a shorter one",
                       name, folder, PATH - 1);
    return GD_OK;
}

/* ---- any folder ---- */

gd_status gd_out_write(const char *folder, const char *name, const gd_text *text, gd_error *error)
{
    char path[PATH];
    GD_TRY(gd_text_status(text, error));
    GD_TRY(path_in(folder, name, path, error));
    return gd_file_write(path, text->at, text->length, error);
}

gd_status gd_out_check(const char *folder, const char *const *others, gd_error *error)
{
    for (; *others; others++) {
        char path[PATH];
        GD_TRY(path_in(folder, *others, path, error));
        if (gd_file_exists(path))
            return gd_fail(error, GD_INVALID,
                           "'%s' has %s, and files of the same names as are written here: name another folder with -o",
                           folder, *others);
    }
    return GD_OK;
}

/* ---- a baseline's folder ---- */

gd_status gd_baseline_write(const char *folder, const gd_baseline *baseline, gd_error *error)
{
    char path[PATH];
    GD_TRY(path_in(folder, tensors_file, path, error));
    GD_TRY(gd_folder_make(folder, error));
    gd_text statistics = {0}, rules = {0};
    gd_rules_print(&baseline->rules, &rules);
    gd_status status = gd_pack(path, baseline, &statistics, error); /* the order of the files: format/seal.h */
    if (status == GD_OK)
        status = gd_out_write(folder, rules_file, &rules, error);
    if (status == GD_OK)
        status = gd_out_write(folder, statistics_file, &statistics, error);
    gd_text_release(&statistics);
    gd_text_release(&rules);
    return status;
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

static gd_status seal_of(const char *path, char text[GD_SEAL_TEXT], gd_error *error)
{
    void *map;
    size_t bytes;
    GD_TRY(gd_file_map(path, &map, &bytes, error));
    gd_seal_bytes(map, bytes, text);
    gd_file_unmap(map, bytes);
    return GD_OK;
}

static gd_status read_tensors(const char *path, const char *statistics, const char *seal, gd_baseline *baseline,
                              gd_error *error)
{
    gd_safetensors file;
    GD_TRY(gd_safetensors_open(path, &file, error));
    gd_status status = gd_seal_check(&file, statistics, seal, error);
    if (status == GD_OK)
        status = gd_unpack(&file, baseline, error);
    gd_safetensors_close(&file);
    return status;
}

static gd_status read_managed(const char *statistics, gd_baseline *baseline, gd_error *error)
{
    GD_TRY(gd_statistics_read(statistics, &baseline->profile, error));
    return take_classes(baseline, error);
}

gd_status gd_baseline_read(const char *folder, gd_baseline *baseline, gd_error *error)
{
    char rules[PATH], tensors[PATH], statistics[PATH], seal[GD_SEAL_TEXT];
    *baseline = (gd_baseline){0};
    GD_TRY(path_in(folder, rules_file, rules, error));
    GD_TRY(path_in(folder, tensors_file, tensors, error));
    GD_TRY(path_in(folder, statistics_file, statistics, error));
    if (!gd_file_exists(rules) || !gd_file_exists(statistics))
        return gd_fail(error, GD_IO, "'%s' is no baseline's folder: it lacks %s; 'griddle monitor baseline' makes one",
                       folder, gd_file_exists(rules) ? statistics_file : rules_file);
    GD_TRY(seal_of(statistics, seal, error));
    gd_status status = gd_rules_read(rules, &baseline->rules, error);
    if (status == GD_OK)
        status = gd_file_exists(tensors) ? read_tensors(tensors, statistics, seal, baseline, error)
                                         : read_managed(statistics, baseline, error);
    if (status != GD_OK)
        gd_baseline_release(baseline);
    return status;
}
