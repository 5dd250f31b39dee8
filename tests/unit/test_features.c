// SPDX-License-Identifier: Apache-2.0
/* What a model says of its features: of networks exported as training exports them, and of graphs that end otherwise.
 */
#include "exported.h"

#include <math.h>

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
    const gd_image image = draw_image(model, 0);
    CHECK_OK(gd_session_run(session, &image, 1, got, &error), &error);
    free((void *)image.pixels);
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
    gd_model *model = export_model(section, side, channels);
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
    gd_model *model = export_model("  network: lenet\n", 28, 1);
    gd_session *together, *alone;
    gd_error error = {0};
    float unused[CLASSES];
    const gd_image image = draw_image(model, 0);
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
    free((void *)image.pixels);
    gd_session_free(together);
    gd_model_free(model);
}
