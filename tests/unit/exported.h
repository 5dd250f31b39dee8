// SPDX-License-Identifier: Apache-2.0
/* For tests of what answers: networks exported as training exports them, with initial values instead of trained ones.
 */
#ifndef GD_TESTS_EXPORTED_H
#define GD_TESTS_EXPORTED_H

#include "build/build.h"
#include "export/export.h"
#include "griddle/infer.h"
#include "unit.h"

#include <stdlib.h>
#include <string.h>

enum { CLASSES = 5 };

static const char *const class_names[CLASSES] = {"a", "b", "c", "d", "e"};

/* Initial values under their names, where the end of a training run would have put the best ones. */
static inline const char *write_parameters(const gd_net *net)
{
    gd_arena arena = {0};
    gd_error error = {0};
    const char *path = unit_path("best.safetensors");
    gd_tensor_entry *entry = gd_arena_alloc(&arena, (size_t)net->n_params, sizeof *entry);
    for (int i = 0; i < net->n_params; i++) {
        float *values = gd_arena_alloc(&arena, (size_t)gd_desc_count(net->param[i].desc), sizeof *values);
        gd_init_param(net, i, 1, values);
        entry[i] = (gd_tensor_entry){net->param[i].name, net->param[i].desc, values, 0};
    }
    CHECK_OK(gd_safetensors_write(path, entry, net->n_params, NULL, &error), &error);
    gd_arena_release(&arena);
    return path;
}

/* The network of section `model`, exported, for square pictures. */
static inline gd_model *export_model(const char *section, int side, int channels)
{
    static const double mean[] = {120, 121, 122}, deviation[] = {60, 61, 62};
    const gd_build_input input = {side, side, channels, CLASSES, mean, deviation};
    const gd_staged staged = {
        .n_classes = CLASSES, .classes = class_names, .train = {.height = side, .width = side, .channels = channels}};
    const char *text = unit_text("data:\n  source: x\nmodel:\n%s", section), *path = unit_path("model.safetensors");
    gd_config config;
    gd_error error = {0};
    gd_net *net;
    gd_model *model;
    CHECK_OK(gd_config_parse("c", text, strlen(text), NULL, 0, &config, &error), &error);
    CHECK_OK(gd_build_net(&config, &input, 2, &net, &error), &error);
    CHECK_OK(gd_export_trained(&config, &staged, net, write_parameters(net), path, &error), &error);
    gd_net_free(net);
    gd_config_release(&config);
    CHECK_OK(gd_model_open(path, &model, &error), &error);
    return model;
}

/* Pixels without a pattern, of a size that the model reads as it is; the caller frees them. */
static inline gd_image draw_image(const gd_model *model, int seed)
{
    const gd_model_info *info = gd_model_describe(model);
    const size_t bytes = (size_t)info->height * info->width * info->channels;
    uint8_t *pixels = malloc(bytes);
    for (size_t i = 0; i < bytes; i++)
        pixels[i] = (uint8_t)(i * i * 31 + i * 17 + (size_t)seed * 101);
    return (gd_image){info->height, info->width, info->channels, pixels};
}

#endif
