// SPDX-License-Identifier: Apache-2.0
/* What a model says of its features: of networks exported as training exports them, and of graphs that end otherwise.
 */
#include "griddle/infer.h"

#include "build/build.h"
#include "export/export.h"
#include "unit.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { CLASSES = 5 };

static const char *const class_names[CLASSES] = {"a", "b", "c", "d", "e"};

/* Initial values under their names, where the end of a training run would have put the best ones. */
static const char *write_parameters(const gd_net *net)
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
static gd_model *export(const char *section, int side, int channels)
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

/* The file's last layer on what a session gives as features is what the session answers. */
static void check_last_layer(const gd_model *model, const char *path)
{
    gd_error error = {0};
    gd_safetensors file;
    gd_session *session;
    const gd_model_info *info = gd_model_describe(model);
    const int64_t n = info->n_features;
    float got[CLASSES];
    double want[CLASSES], total = 0;
    int64_t count;
    CHECK_OK(gd_session_new(model, &(gd_session_options){1, 1, &info->features}, &session, &error), &error);
    const size_t bytes = (size_t)info->height * info->width * info->channels;
    uint8_t *pixels = malloc(bytes);
    for (size_t i = 0; i < bytes; i++)
        pixels[i] = (uint8_t)(i * i * 31 + i * 17);
    CHECK_OK(gd_session_run(session, &(gd_image){info->height, info->width, info->channels, pixels}, 1, got, &error),
             &error);
    free(pixels);
    const float *features = gd_session_output(session, info->features, &count);
    CHECK_EQ_INT(count, n);
    CHECK_OK(gd_safetensors_open(path, &file, &error), &error);
    const float *w = gd_safetensors_find(&file, "logits.w")->data, *b = gd_safetensors_find(&file, "logits.b")->data;
    for (int k = 0; k < CLASSES; k++) {
        double sum = (double)b[k];
        for (int64_t i = 0; i < n; i++)
            sum += (double)w[k * n + i] * (double)features[i];
        total += want[k] = exp(sum);
    }
    for (int k = 0; k < CLASSES; k++)
        CHECK_NEAR((double)got[k], want[k] / total, 1e-5);
    gd_safetensors_close(&file);
    gd_session_free(session);
}

static void tells(const char *section, int side, int channels, int64_t n_features)
{
    gd_model *model = export(section, side, channels);
    CHECK_TEXT(gd_model_describe(model)->features, "features");
    CHECK_EQ_INT(gd_model_describe(model)->n_features, n_features);
    check_last_layer(model, unit_path("model.safetensors"));
    gd_model_free(model);
}

TEST(of_the_zoo)
{
    tells("  network: resnet-9\n", 32, 3, 64);
    tells("  network: resnet-20\n", 32, 3, 64);
    tells("  network: resnet-18\n  width: 8\n", 64, 3, 64);
    tells("  network: resnet-50\n  width: 8\n", 64, 1, 256);
    tells("  network: lenet\n", 28, 1, 128);
    tells("  network: lenet\n  dropout: 0.5\n", 28, 1, 128);
}

TEST(of_layers_of_ones_own)
{
    tells("  network: layers\n  layers:\n"
          "    - conv2d:\n        filters: 6\n        kernel: 3\n        stride: 2\n    - relu\n",
          9, 3, 6 * 4 * 4);
    tells("  network: layers\n  layers:\n    - flatten\n", 8, 1, 64); /* the pixels, normalised */
    tells("  network: layers\n  layers:\n    - flatten\n    - linear:\n        features: 7\n    - hard_swish\n", 8, 1,
          7);
}

/* In one session nothing is fused, as all is asked for; in the others all is that may be. */
TEST(any_value_can_be_asked_for_alone)
{
    enum { N = 6 };
    static const char *const names[N] = {"relu1", "pool1", "relu2", "pool2", "hidden", "features"};
    gd_model *model = export("  network: lenet\n", 28, 1);
    gd_session *together, *alone;
    gd_error error = {0};
    uint8_t pixels[28 * 28];
    float unused[CLASSES];
    for (int i = 0; i < 28 * 28; i++)
        pixels[i] = (uint8_t)(i * i * 31 + i * 17);
    const gd_image image = {28, 28, 1, pixels};
    CHECK_OK(gd_session_new(model, &(gd_session_options){1, N, names}, &together, &error), &error);
    CHECK_OK(gd_session_run(together, &image, 1, unused, &error), &error);
    for (int i = 0; i < N; i++) {
        int64_t n, count;
        CHECK_OK(gd_session_new(model, &(gd_session_options){1, 1, &names[i]}, &alone, &error), &error);
        CHECK_OK(gd_session_run(alone, &image, 1, unused, &error), &error);
        const float *want = gd_session_output(together, names[i], &n),
                    *got = gd_session_output(alone, names[i], &count);
        CHECK_EQ_INT(count, n);
        for (int64_t k = 0; k < n; k++)
            CHECK_NEAR((double)got[k], (double)want[k], 1e-5 * (1 + fabs((double)want[k])));
        gd_session_free(alone);
    }
    gd_session_free(together);
    gd_model_free(model);
}
