// SPDX-License-Identifier: Apache-2.0
/* A model file may come from a stranger: everything that a session relies on is checked here. */
#include "infer/model.h"

#include "base/json.h"
#include "image/image.h"

#include <stdlib.h>
#include <string.h>

/* The metadata `preprocess`. */
typedef struct preprocess {
    int height, width, channels;
    int resize;
    bool flip;
} preprocess;

static const gd_field fields[] = {
    GD_FIELD_INT(preprocess, height, NULL, 1, GD_IMAGE_SIDE, "of the network's input, pixels"),
    GD_FIELD_INT(preprocess, width, NULL, 1, GD_IMAGE_SIDE, "likewise"),
    GD_FIELD_INT(preprocess, channels, NULL, 1, GD_IMAGE_CHANNELS, "likewise"),
    GD_FIELD_CHOICE(preprocess, resize, NULL, "short-side", "image/image.h"),
    GD_FIELD_BOOL(preprocess, flip, "false", "mean over the picture and its mirror image"),
    {0},
};

static gd_place place_of(const gd_model *model) { return (gd_place){model->file.name, 0, 0}; }

static gd_status metadata(const gd_model *model, const char *key, const char **text, gd_error *error)
{
    *text = gd_safetensors_metadata(&model->file, key);
    return *text ? GD_OK
                 : gd_fail_at(error, GD_FORMAT, place_of(model), "not a model of griddle: no metadata '%s'", key);
}

static gd_status check_format(const gd_model *model, gd_error *error)
{
    const char *format, *version;
    GD_TRY(metadata(model, "format", &format, error));
    if (strcmp(format, "griddle-model") != 0)
        return gd_fail_at(error, GD_FORMAT, place_of(model), "not a model of griddle: its format is '%s'", format);
    GD_TRY(metadata(model, "format_version", &version, error));
    if (strcmp(version, "1") != 0)
        return gd_fail_at(error, GD_FORMAT, place_of(model), "model has format_version '%s' where this program reads 1",
                          version);
    return GD_OK;
}

/* A metadata value that is JSON; complaints name file and key. */
static gd_status parse(gd_model *model, const char *key, gd_attr **root, gd_error *error)
{
    const char *text;
    GD_TRY(metadata(model, key, &text, error));
    const char *name = gd_arena_printf(&model->arena, "%s (%s)", model->file.name, key);
    if (!name)
        return gd_fail(error, GD_NOMEM, "out of memory for a model");
    return gd_json_parse(&model->arena, name, text, strlen(text), (gd_json_limits){0}, root, error);
}

static gd_status read_preprocess(gd_model *model, gd_error *error)
{
    gd_attr *root = NULL;
    preprocess p;
    GD_TRY(parse(model, "preprocess", &root, error));
    GD_TRY(gd_fields_read(fields, &p, root, &model->arena, error));
    model->info.height = p.height;
    model->info.width = p.width;
    model->info.channels = p.channels;
    model->info.flip = p.flip;
    return GD_OK;
}

static gd_status read_classes(gd_model *model, gd_error *error)
{
    gd_attr *root = NULL;
    GD_TRY(parse(model, "classes", &root, error));
    if (root->kind != GD_ATTR_LIST || !root->first)
        return gd_fail_at(error, GD_FORMAT, root->place, "classes are no list of names");
    const char **classes = gd_arena_alloc(&model->arena, (size_t)gd_attr_count(root), sizeof *classes);
    if (!classes)
        return gd_fail(error, GD_NOMEM, "out of memory for a model");
    for (const gd_attr *item = root->first; item; item = item->next) {
        if (item->kind != GD_ATTR_SCALAR || !item->quoted)
            return gd_fail_at(error, GD_FORMAT, item->place, "classes are no list of names");
        classes[model->info.n_classes++] = item->text;
    }
    model->info.classes = classes;
    return GD_OK;
}

/* One input, `images`, as preprocess makes it; an output `probabilities` with a column per class. */
static gd_status check_ends(const gd_model *model, gd_error *error)
{
    const gd_net *net = model->net;
    const gd_model_info *info = &model->info;
    const gd_desc images = gd_desc_4(GD_U8, 1, info->height, info->width, info->channels),
                  probabilities = gd_desc_2(GD_F32, 1, info->n_classes);
    bool found = false;
    char want[64], got[64];
    for (int i = 0; i < net->n_values; i++) {
        const gd_value *value = &net->value[i];
        if (value->producer < 0 && (strcmp(value->name, "images") != 0 || value->desc.type != GD_U8 ||
                                    !gd_desc_same_shape(value->desc, images)))
            return gd_fail_at(error, GD_FORMAT, place_of(model),
                              "the graph reads '%s' %s %s where preprocessing makes 'images' U8 %s", value->name,
                              gd_type_name(value->desc.type), gd_desc_text(value->desc, got, sizeof got),
                              gd_desc_text(images, want, sizeof want));
    }
    for (int i = 0; i < net->n_outputs; i++) {
        const gd_value *value = &net->value[net->output[i]];
        if (strcmp(value->name, "probabilities") != 0)
            continue;
        if (value->desc.type != GD_F32 || !gd_desc_same_shape(value->desc, probabilities))
            return gd_fail_at(error, GD_FORMAT, place_of(model), "the graph ends in %s %s where %d classes need F32 %s",
                              gd_type_name(value->desc.type), gd_desc_text(value->desc, got, sizeof got),
                              info->n_classes, gd_desc_text(probabilities, want, sizeof want));
        found = true;
    }
    return found && gd_net_find_value(net, "images") >= 0
               ? GD_OK
               : gd_fail_at(error, GD_FORMAT, place_of(model), "the graph has no way from 'images' to 'probabilities'");
}

static gd_status check_parameters(const gd_model *model, gd_error *error)
{
    for (int i = 0; i < model->net->n_params; i++) {
        const gd_param *param = &model->net->param[i];
        const gd_tensor_entry *entry;
        char want[64], got[64];
        GD_TRY(gd_safetensors_require(&model->file, param->name, (gd_desc){0}, &entry, error));
        if ((entry->desc.type != GD_F32 && entry->desc.type != GD_BF16) ||
            !gd_desc_same_shape(entry->desc, param->desc))
            return gd_fail_at(error, GD_FORMAT, place_of(model),
                              "tensor '%s' is %s %s where the graph needs F32 or BF16 %s", param->name,
                              gd_type_name(entry->desc.type), gd_desc_text(entry->desc, got, sizeof got),
                              gd_desc_text(param->desc, want, sizeof want));
    }
    return GD_OK;
}

static bool is_one_of(const gd_node *node, const char *const *ops)
{
    while (*ops && strcmp(node->op->name, *ops) != 0)
        ops++;
    return *ops != NULL;
}

/* What the classes are told by: back from the probabilities along nodes that only give numbers another form, the input
 * of the first linear layer or, where none comes, what a global pooling made. */
static void find_features(gd_model *model)
{
    static const char *const forms[] = {"softmax", "relu", "hard_swish", "flatten", "cast", NULL};
    const gd_net *net = model->net;
    gd_value_id id = gd_net_find_value(net, "probabilities");
    const gd_node *node = &net->node[net->value[id].producer];
    while (is_one_of(node, forms) && net->value[node->in[0]].producer >= 0) {
        id = node->in[0];
        node = &net->node[net->value[id].producer];
    }
    if (strcmp(node->op->name, "linear") == 0)
        id = node->in[0];
    else if (strcmp(node->op->name, "global_pool") != 0)
        return;
    model->info.features = net->value[id].name;
    model->info.n_features = gd_desc_count(net->value[id].desc);
}

static gd_status read_graph(gd_model *model, gd_error *error)
{
    const char *text;
    GD_TRY(metadata(model, "graph", &text, error));
    const char *name = gd_arena_printf(&model->arena, "%s (graph)", model->file.name);
    if (!name)
        return gd_fail(error, GD_NOMEM, "out of memory for a model");
    return gd_net_parse_json(name, text, strlen(text), 1, &model->net, error);
}

static gd_status read_model(gd_model *model, gd_error *error)
{
    GD_TRY(check_format(model, error));
    GD_TRY(read_preprocess(model, error));
    GD_TRY(read_classes(model, error));
    GD_TRY(read_graph(model, error));
    GD_TRY(check_ends(model, error));
    GD_TRY(check_parameters(model, error));
    find_features(model);
    model->info.parameters = gd_net_count_params(model->net); /* only now they are no larger than the file */
    return GD_OK;
}

/* Settings in a model file are the file's fault, not the caller's. */
static gd_status blame_file(gd_status status, gd_error *error)
{
    if (status == GD_INVALID && error && error->status == GD_INVALID)
        error->status = GD_FORMAT;
    return status == GD_INVALID ? GD_FORMAT : status;
}

static gd_status make(const char *path, const void *bytes, size_t length, gd_model **model, gd_error *error)
{
    gd_status status;
    gd_model *m = calloc(1, sizeof *m);
    *model = NULL;
    if (!m)
        return gd_fail(error, GD_NOMEM, "out of memory for a model");
    GD_TRY_TO(done, path ? gd_safetensors_open(path, &m->file, error)
                         : gd_safetensors_read("model in memory", bytes, length, &m->file, error));
    GD_TRY_TO(done, blame_file(read_model(m, error), error));
    *model = m;
    return GD_OK;
done:
    gd_model_free(m);
    return status;
}

gd_status gd_model_open(const char *path, gd_model **model, gd_error *error)
{
    return make(path, NULL, 0, model, error);
}

gd_status gd_model_read(const void *bytes, size_t length, gd_model **model, gd_error *error)
{
    return make(NULL, bytes, length, model, error);
}

void gd_model_free(gd_model *model)
{
    if (!model)
        return;
    gd_net_free(model->net);
    gd_arena_release(&model->arena);
    gd_safetensors_close(&model->file);
    free(model);
}

const gd_model_info *gd_model_describe(const gd_model *model) { return &model->info; }
