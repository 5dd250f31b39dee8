// SPDX-License-Identifier: Apache-2.0
#include "export/export.h"

#include "base/text.h"
#include "plan/plan.h"
#include "store/safetensors.h"

#include <stdlib.h>
#include <string.h>

/* The parameters of `net` in its order, from a file that has them by name. */
static gd_status gather(const gd_net *net, const char *path, float **values, gd_error *error)
{
    gd_safetensors file = {0};
    gd_status status;
    size_t total = 0;
    for (int i = 0; i < net->n_params; i++)
        total += (size_t)gd_desc_count(net->param[i].desc);
    *values = malloc((total + 1) * sizeof **values);
    if (!*values)
        return gd_fail(error, GD_NOMEM, "out of memory for %zu parameters", total);
    GD_TRY_TO(done, gd_safetensors_open(path, &file, error));
    float *at = *values;
    for (int i = 0; i < net->n_params; i++) {
        const gd_tensor_entry *entry;
        GD_TRY_TO(done, gd_safetensors_require(&file, net->param[i].name, (gd_desc){0}, &entry, error));
        if (!gd_desc_same_shape(entry->desc, net->param[i].desc)) {
            status = gd_fail(error, GD_FORMAT, "%s: '%s' has another shape than the net's", path, entry->name);
            goto done;
        }
        gd_convert(at, GD_F32, entry->data, entry->desc.type, gd_desc_count(entry->desc));
        at += gd_desc_count(entry->desc);
    }
done:
    gd_safetensors_close(&file);
    if (status != GD_OK) {
        free(*values);
        *values = NULL;
    }
    return status;
}

static gd_status write_model(const gd_net *net, const float *values, const gd_attr *metadata, const char *path,
                             gd_error *error)
{
    gd_arena arena = {0};
    gd_tensor_entry *entry = gd_arena_alloc(&arena, (size_t)net->n_params + 1, sizeof *entry);
    if (!entry)
        return gd_fail(error, GD_NOMEM, "out of memory for a model");
    for (int i = 0; i < net->n_params; i++) {
        entry[i] = (gd_tensor_entry){net->param[i].name, net->param[i].desc, values, gd_desc_bytes(net->param[i].desc)};
        values += gd_desc_count(net->param[i].desc);
    }
    gd_status status = gd_safetensors_write(path, entry, net->n_params, metadata, error);
    gd_arena_release(&arena);
    return status;
}

gd_status gd_export_trained(const gd_config *config, const gd_staged *staged, const gd_net *net, const char *parameters,
                            const char *model, gd_error *error)
{
    gd_arena arena = {0};
    gd_text graph = {0}, classes = {0}, preprocess = {0};
    gd_net *plain = NULL, *folded = NULL;
    float *values = NULL, *folded_values = NULL;
    gd_status status;
    GD_TRY_TO(done, gd_pass_mode(net, GD_MODE_INFER, 1, &plain, error));
    GD_TRY_TO(done, gather(plain, parameters, &values, error));
    GD_TRY_TO(done, gd_pass_fold(plain, values, &folded, &folded_values, error));
    GD_TRY_TO(done, gd_net_print_json(folded, &graph));
    gd_text_add(&classes, "[");
    for (int i = 0; i < staged->n_classes; i++) {
        gd_text_add(&classes, i ? "," : "");
        gd_text_add_json(&classes, staged->classes[i]);
    }
    gd_text_add(&classes, "]");
    const gd_images *images = &staged->train;
    gd_text_add(&preprocess, "{\"height\":%d,\"width\":%d,\"channels\":%d,\"resize\":\"short-side\",\"flip\":%s}",
                images->height, images->width, images->channels, config->evaluate.flip ? "true" : "false");
    GD_TRY_TO(done, gd_text_status(&classes, error));
    GD_TRY_TO(done, gd_text_status(&preprocess, error));
    gd_attr *metadata = gd_attr_new(&arena, GD_ATTR_MAP, NULL);
    if (!metadata) {
        status = gd_fail(error, GD_NOMEM, "out of memory for a model");
        goto done;
    }
    GD_TRY_TO(done, gd_metadata_add(&arena, metadata, "format", "griddle-model", error));
    GD_TRY_TO(done, gd_metadata_add(&arena, metadata, "format_version", "1", error));
    GD_TRY_TO(done, gd_metadata_add(&arena, metadata, "network", config->model.network, error));
    GD_TRY_TO(done, gd_metadata_add(&arena, metadata, "classes", classes.at, error));
    GD_TRY_TO(done, gd_metadata_add(&arena, metadata, "preprocess", preprocess.at, error));
    GD_TRY_TO(done, gd_metadata_add(&arena, metadata, "graph", graph.at, error));
    status = write_model(folded, folded_values, metadata, model, error);
done:
    free(values);
    free(folded_values);
    gd_net_free(plain);
    gd_net_free(folded);
    gd_text_release(&graph);
    gd_text_release(&classes);
    gd_text_release(&preprocess);
    gd_arena_release(&arena);
    return status;
}

gd_status gd_export_model(const char *model, const char *to, gd_type type, gd_error *error)
{
    gd_safetensors file = {0};
    gd_arena arena = {0};
    gd_status status;
    GD_TRY_TO(done, gd_safetensors_open(model, &file, error));
    const char *format = gd_safetensors_metadata(&file, "format");
    if (!format || strcmp(format, "griddle-model") != 0) {
        status = gd_fail(error, GD_FORMAT, "%s: not a model of griddle", model);
        goto done;
    }
    gd_tensor_entry *entry = gd_arena_alloc(&arena, (size_t)file.n + 1, sizeof *entry);
    for (int i = 0; entry && i < file.n; i++) {
        entry[i] = file.tensor[i];
        entry[i].desc.type = type;
        entry[i].bytes = gd_desc_bytes(entry[i].desc);
        void *converted = gd_arena_alloc(&arena, 1, entry[i].bytes);
        if (!converted) {
            entry = NULL;
            break;
        }
        gd_convert(converted, type, file.tensor[i].data, file.tensor[i].desc.type, gd_desc_count(entry[i].desc));
        entry[i].data = converted;
    }
    status = entry ? gd_safetensors_write(to, entry, file.n, file.metadata, error)
                   : gd_fail(error, GD_NOMEM, "out of memory for a model");
done:
    gd_safetensors_close(&file);
    gd_arena_release(&arena);
    return status;
}
