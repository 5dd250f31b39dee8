// SPDX-License-Identifier: Apache-2.0
/* Text, edits of the command line, structs, and what no single field can check. */
#include "config/config.h"
#include "base/file.h"
#include "base/text.h"

#include <string.h>

enum { MAX_CONFIG_BYTES = 1 << 20 };

/* ---- places ---- */

static gd_place place_in(const gd_attr *node, const char *path)
{
    gd_place place = node->place;
    char step[64];
    while (node && *path) {
        size_t length = strcspn(path, ".");
        if (length >= sizeof step)
            break;
        memcpy(step, path, length);
        step[length] = '\0';
        node = gd_attr_find(node, step);
        if (node && node->place.file)
            place = node->place;
        path += length + (path[length] == '.');
    }
    return place;
}

gd_place gd_config_place(const gd_config *config, const char *path) { return place_in(config->tree, path); }

/* Gives each node of `to` the places of the node of the same path in `from`. */
static void copy_places(gd_attr *to, const gd_attr *from)
{
    to->place = from->place;
    to->key_place = from->key_place;
    for (gd_attr *child = to->kind == GD_ATTR_MAP ? to->first : NULL; child; child = child->next) {
        const gd_attr *given = gd_attr_find(from, child->key);
        if (given)
            copy_places(child, given);
    }
}

/* ---- --set ---- */

static gd_status apply_set(gd_config *config, gd_attr *tree, const char *set, gd_error *error)
{
    gd_place place = {gd_arena_printf(&config->arena, "--set %s", set), 0, 0};
    size_t length = strcspn(set, "=");
    const char *path = gd_arena_text_n(&config->arena, set, length);
    gd_attr *value;
    if (!place.file || !path)
        return gd_fail(error, GD_NOMEM, "out of memory for --set");
    if (length == 0 || !set[length])
        return gd_fail_at(error, GD_INVALID, place, "not of the form section.key=value");
    GD_TRY(gd_attr_parse_value(&config->arena, set + length + 1, place, &value, error));
    return gd_attr_set(&config->arena, tree, path, value, error);
}

static bool sets(const char *const *set, int n, const char *path)
{
    bool found = false;
    for (int i = 0; i < n; i++)
        found |= strncmp(set[i], path, strlen(path)) == 0 && set[i][strlen(path)] == '=';
    return found;
}

/* ---- what fields cannot check alone ---- */

static gd_status check_data(const gd_data_config *data, const gd_attr *tree, gd_error *error)
{
    size_t digits = strspn(data->sha256, "0123456789abcdefABCDEF");
    if (!data->source[0])
        return gd_fail_at(error, GD_INVALID, place_in(tree, "data.source"),
                          "'data.source' is missing: a file, a folder, a file: or https: address");
    if (data->sha256[0] && (digits != 64 || data->sha256[64]))
        return gd_fail_at(error, GD_INVALID, place_in(tree, "data.sha256"),
                          "'sha256' has %zu characters where 64 hexadecimal digits are wanted", strlen(data->sha256));
    if (data->channels == 2)
        return gd_fail_at(error, GD_INVALID, place_in(tree, "data.channels"), "'channels' is 2; it can be 0, 1 or 3");
    if (data->classes.n == 1)
        return gd_fail_at(error, GD_INVALID, place_in(tree, "data.classes"),
                          "'classes' has one member; a classifier needs 2 or more");
    for (int i = 1; i < data->classes.n; i++) {
        for (int j = 0; j < i; j++) {
            if (strcmp(data->classes.at[i], data->classes.at[j]) == 0)
                return gd_fail_at(error, GD_INVALID, place_in(tree, "data.classes"), "class '%s' is given twice",
                                  data->classes.at[i]);
        }
    }
    if (data->folds == 1)
        return gd_fail_at(error, GD_INVALID, place_in(tree, "data.folds"),
                          "'folds' is 1; cross-validation needs 2 or more, 0 is none");
    if (data->fold > 0 && data->fold >= data->folds)
        return gd_fail_at(error, GD_INVALID, place_in(tree, "data.fold"),
                          "'fold' is %d where 'folds' is %d; folds are counted from 0", data->fold, data->folds);
    return GD_OK;
}

static gd_status check_train(const gd_train_config *train, const gd_attr *tree, gd_error *error)
{
    if (train->batch % train->accumulate)
        return gd_fail_at(error, GD_INVALID, place_in(tree, "train.accumulate"),
                          "'accumulate' is %d, which does not divide 'batch' %d", train->accumulate, train->batch);
    if (train->loss_scale > 0 && train->precision != GD_PRECISION_FP16)
        return gd_fail_at(error, GD_INVALID, place_in(tree, "train.loss_scale"),
                          "'loss_scale' is %g, which has an effect in fp16 only: add `--set train.precision=fp16`, or "
                          "leave it out",
                          train->loss_scale);
    if (train->schedule == GD_SCHEDULE_STEP && train->steps.n == 0)
        return gd_fail_at(error, GD_INVALID, place_in(tree, "train.schedule"),
                          "schedule 'step' needs 'steps', a list of epochs");
    for (int i = 1; i < train->steps.n; i++) {
        if (train->steps.at[i] <= train->steps.at[i - 1])
            return gd_fail_at(error, GD_INVALID, place_in(tree, "train.steps"),
                              "'steps' must ascend, but %d follows %d", train->steps.at[i], train->steps.at[i - 1]);
    }
    return GD_OK;
}

static gd_status check_trees(gd_config *config, const gd_attr *tree, gd_error *error)
{
    gd_model_config *model = &config->model;
    bool own = strcmp(model->network, "layers") == 0;
    if (own && (!model->layers || model->layers->kind != GD_ATTR_LIST || !model->layers->first))
        return gd_fail_at(error, GD_INVALID, place_in(tree, "model.layers"),
                          "network 'layers' needs 'layers', a list (docs/networks.md)");
    if (!own && model->layers)
        return gd_fail_at(error, GD_INVALID, place_in(tree, "model.layers"),
                          "'layers' is given, but network is '%s'; say 'network: layers'", model->network);
    if (config->impl && config->impl->kind != GD_ATTR_MAP)
        return gd_fail_at(error, GD_INVALID, place_in(tree, "impl"), "'impl' must be a map from op to entry");
    for (const gd_attr *entry = config->impl ? config->impl->first : NULL; entry; entry = entry->next) {
        if (entry->kind != GD_ATTR_SCALAR || !entry->text[0])
            return gd_fail_at(error, GD_INVALID, entry->place, "'impl.%s' must be the name of an entry", entry->key);
    }
    return GD_OK;
}

/* ---- reading ---- */

static const gd_attr *none_if_empty(const gd_attr *node)
{
    bool empty = node && node->kind == GD_ATTR_SCALAR && !node->quoted && !node->text[0];
    return empty ? NULL : node;
}

static gd_status bind(gd_config *config, const gd_attr *tree, gd_error *error)
{
    GD_TRY(gd_fields_read(gd_config_fields, config, tree, &config->arena, error));
    config->model.layers = none_if_empty(config->model.layers);
    config->impl = none_if_empty(config->impl);
    if (config->train.learning_rate == 0)
        config->train.learning_rate = config->train.optimizer == GD_ADAMW ? 0.001 : 0.1;
    GD_TRY(check_data(&config->data, tree, error));
    GD_TRY(check_train(&config->train, tree, error));
    GD_TRY(check_trees(config, tree, error));
    config->tree = gd_fields_print(gd_config_fields, config, &config->arena);
    if (!config->tree)
        return gd_fail(error, GD_NOMEM, "out of memory for a config");
    copy_places(config->tree, tree);
    return GD_OK;
}

static gd_status parse(gd_config *config, const char *name, const char *text, size_t length, const char *const *set,
                       int n_set, gd_error *error)
{
    gd_attr *tree;
    GD_TRY(gd_yaml_parse(&config->arena, name, text, length, &tree, error));
    if (tree->kind == GD_ATTR_SCALAR && !tree->quoted && !tree->text[0]) { /* an empty file */
        gd_place place = tree->place;
        tree = gd_attr_new(&config->arena, GD_ATTR_MAP, NULL);
        if (!tree)
            return gd_fail(error, GD_NOMEM, "out of memory for a config");
        tree->place = place;
    }
    if (tree->kind != GD_ATTR_MAP)
        return gd_fail_at(error, GD_INVALID, tree->place, "a config is a map: data, model, train and so on");
    if (sets(set, n_set, "data.source") && !sets(set, n_set, "data.sha256"))
        GD_TRY(apply_set(config, tree, "data.sha256=", error)); /* it was the digest of another file */
    for (int i = 0; i < n_set; i++)
        GD_TRY(apply_set(config, tree, set[i], error));
    return bind(config, tree, error);
}

gd_status gd_config_parse(const char *name, const char *text, size_t length, const char *const *set, int n_set,
                          gd_config *config, gd_error *error)
{
    *config = (gd_config){.path = ""};
    gd_status status = parse(config, name, text, length, set, n_set, error);
    if (status != GD_OK)
        gd_config_release(config);
    return status;
}

gd_status gd_config_read(const char *path, const char *const *set, int n_set, gd_config *config, gd_error *error)
{
    gd_arena scratch = {0};
    char *text;
    size_t length;
    *config = (gd_config){0};
    gd_status status = gd_file_read(path, MAX_CONFIG_BYTES, &scratch, &text, &length, error);
    if (status == GD_OK)
        status = gd_config_parse(path, text, length, set, n_set, config, error);
    if (status == GD_OK) {
        config->path = gd_arena_text(&config->arena, path);
        if (!config->path) {
            gd_config_release(config);
            status = gd_fail(error, GD_NOMEM, "out of memory for '%s'", path);
        }
    }
    gd_arena_release(&scratch);
    return status;
}

void gd_config_release(gd_config *config)
{
    gd_arena_release(&config->arena);
    *config = (gd_config){0};
}

gd_status gd_config_print(const gd_config *config, gd_text *out) { return gd_attr_print_yaml(config->tree, 0, out); }
