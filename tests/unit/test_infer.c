// SPDX-License-Identifier: Apache-2.0
/* A net small enough to be computed here a second time, in double, by the definitions. */
#include "griddle/infer.h"

#include "image/image.h"
#include "store/safetensors.h"
#include "unit.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { SIDE = 6, FILTERS = 4, CLASSES = 3, PIXELS = SIDE * SIDE };

static const char graph[] =
    "{\"format_version\":1,\"inputs\":[{\"name\":\"images\",\"type\":\"U8\",\"shape\":[6,6,1]}],\"nodes\":["
    "{\"op\":\"augment\",\"name\":\"input\",\"type\":\"F32\",\"in\":[\"images\"],"
    "\"settings\":{\"mean\":[100],\"deviation\":[50]}},"
    "{\"op\":\"conv2d\",\"name\":\"stem\",\"type\":\"F32\",\"in\":[\"input\"],\"params\":[\"stem.w\"],"
    "\"settings\":{\"filters\":4,\"kernel\":3,\"pad\":1,\"activation\":\"relu\"}},"
    "{\"op\":\"global_pool\",\"name\":\"features\",\"type\":\"F32\",\"in\":[\"stem\"]},"
    "{\"op\":\"linear\",\"name\":\"logits\",\"type\":\"F32\",\"in\":[\"features\"],\"params\":[\"logits.w\",\"logits."
    "b\"],"
    "\"settings\":{\"features\":3}},"
    "{\"op\":\"softmax\",\"name\":\"probabilities\",\"type\":\"F32\",\"in\":[\"logits\"]}],"
    "\"outputs\":[\"probabilities\"]}";
static const char plain[] = "{\"height\":6,\"width\":6,\"channels\":1,\"resize\":\"short-side\",\"flip\":false}";
static const char flipped[] = "{\"height\":6,\"width\":6,\"channels\":1,\"resize\":\"short-side\",\"flip\":true}";
static const char classes[] = "[\"bicycle\",\"motorcycle\",\"neither\"]";

/* Multiples of 1/32, so that bf16 holds them. */
static float conv_w[FILTERS * 9], linear_w[CLASSES * FILTERS], linear_b[CLASSES];

static void fill(float *to, int n, int seed)
{
    for (int i = 0; i < n; i++)
        to[i] = (float)((i * 7 + seed * 5) % 23 - 11) / 32;
}

static const char *write_model(const char *g, const char *p, const char *c, gd_type type)
{
    static uint16_t half[3][FILTERS * 9];
    float *const values[3] = {conv_w, linear_w, linear_b};
    const int count[3] = {FILTERS * 9, CLASSES * FILTERS, CLASSES};
    gd_tensor_entry entries[3] = {{"stem.w", gd_desc_4(type, FILTERS, 3, 3, 1), conv_w, 0},
                                  {"logits.w", gd_desc_2(type, CLASSES, FILTERS), linear_w, 0},
                                  {"logits.b", gd_desc_1(type, CLASSES), linear_b, 0}};
    for (int i = 0; i < 3; i++) {
        fill(values[i], count[i], i + 1);
        gd_convert(half[i], GD_BF16, values[i], GD_F32, count[i]);
        entries[i].data = type == GD_BF16 ? (const void *)half[i] : values[i];
    }
    const char *keys[] = {"format", "format_version", "graph", "preprocess", "classes"},
               *texts[] = {"griddle-model", "1", g, p, c}, *path = unit_path("model.safetensors");
    gd_arena arena = {0};
    gd_error error = {0};
    gd_attr *metadata = gd_attr_new(&arena, GD_ATTR_MAP, NULL);
    for (int i = 0; i < 5; i++) {
        if (texts[i])
            gd_attr_append(&arena, metadata, keys[i], gd_attr_new(&arena, GD_ATTR_SCALAR, texts[i]));
    }
    CHECK_OK(gd_safetensors_write(path, entries, 3, metadata, &error), &error);
    gd_arena_release(&arena);
    return path;
}

static void open_session(const char *path, const gd_session_options *options, gd_model **model, gd_session **session)
{
    gd_error error = {0};
    CHECK_OK(gd_model_open(path, model, &error), &error);
    CHECK_OK(gd_session_new(*model, options, session, &error), &error);
}

static void draw(uint8_t *pixels, int n, int seed)
{
    for (int i = 0; i < n; i++)
        pixels[i] = (uint8_t)((i * i * 31 + i * 17 + seed * 101) % 256);
}

/* The net by its definitions; `feature` may be NULL. */
static void expect(const uint8_t *pixels, double *probability, double *feature)
{
    double pooled[FILTERS] = {0}, total = 0;
    for (int k = 0; k < FILTERS; k++) {
        for (int at = 0; at < PIXELS; at++) {
            double sum = 0;
            for (int tap = 0; tap < 9; tap++) {
                const int y = at / SIDE + tap / 3 - 1, x = at % SIDE + tap % 3 - 1;
                if (y >= 0 && y < SIDE && x >= 0 && x < SIDE)
                    sum += (double)conv_w[k * 9 + tap] * ((pixels[y * SIDE + x] - 100.0) / 50.0);
            }
            pooled[k] += (sum > 0 ? sum : 0) / PIXELS;
        }
        if (feature)
            feature[k] = pooled[k];
    }
    for (int c = 0; c < CLASSES; c++) {
        double logit = (double)linear_b[c];
        for (int k = 0; k < FILTERS; k++)
            logit += (double)linear_w[c * FILTERS + k] * pooled[k];
        total += probability[c] = exp(logit);
    }
    for (int c = 0; c < CLASSES; c++)
        probability[c] /= total;
}

TEST(answers_what_the_definitions_say_on_every_isa)
{
    const char *isa[] = {"portable", "avx2", "avx512", ""};
    const char *path = write_model(graph, plain, classes, GD_F32);
    uint8_t pixels[PIXELS];
    double want[CLASSES];
    draw(pixels, PIXELS, 1);
    expect(pixels, want, NULL);
    for (int i = 0; i < 4; i++) {
        gd_model *model;
        gd_session *session;
        gd_error error = {0};
        float got[CLASSES];
        setenv("GRIDDLE_ISA", isa[i], 1);
        open_session(path, NULL, &model, &session);
        unsetenv("GRIDDLE_ISA");
        CHECK_OK(gd_session_run(session, &(gd_image){SIDE, SIDE, 1, pixels}, 1, got, &error), &error);
        for (int c = 0; c < CLASSES; c++)
            CHECK_NEAR((double)got[c], want[c], 1e-6);
        gd_session_free(session);
        gd_model_free(model);
    }
}

TEST(describes_itself)
{
    gd_model *model;
    gd_session *session;
    open_session(write_model(graph, flipped, classes, GD_F32), NULL, &model, &session);
    const gd_model_info *info = gd_model_describe(model);
    CHECK_EQ_INT(info->height, SIDE);
    CHECK_EQ_INT(info->width, SIDE);
    CHECK_EQ_INT(info->channels, 1);
    CHECK_EQ_INT(info->n_classes, CLASSES);
    CHECK_TEXT(info->classes[1], "motorcycle");
    CHECK_EQ_INT(info->parameters, FILTERS * 9 + CLASSES * FILTERS + CLASSES);
    CHECK(info->flip);
    CHECK_TEXT(info->features, "features");
    CHECK_EQ_INT(info->n_features, FILTERS);
    gd_session_free(session);
    gd_model_free(model);
    CHECK_TEXT(gd_infer_version(), GRIDDLE_VERSION);
}

TEST(batches_of_every_size_answer_alike_and_keep_outputs)
{
    enum { MOST = 7 };
    gd_model *model;
    gd_session *session;
    gd_error error = {0};
    const char *outputs[] = {"features"};
    open_session(write_model(graph, plain, classes, GD_F32), &(gd_session_options){MOST, 1, outputs}, &model, &session);
    static uint8_t pixels[MOST][PIXELS];
    gd_image images[MOST];
    for (int i = 0; i < MOST; i++) {
        draw(pixels[i], PIXELS, i);
        images[i] = (gd_image){SIDE, SIDE, 1, pixels[i]};
    }
    for (int n = 1; n <= MOST; n++) {
        float got[MOST * CLASSES];
        int64_t count;
        CHECK_OK(gd_session_run(session, images, n, got, &error), &error);
        const float *features = gd_session_output(session, "features", &count);
        CHECK_EQ_INT(count, FILTERS);
        for (int i = 0; i < n; i++) {
            double want[CLASSES], feature[FILTERS];
            expect(pixels[i], want, feature);
            for (int c = 0; c < CLASSES; c++)
                CHECK_NEAR((double)got[i * CLASSES + c], want[c], 1e-6);
            for (int k = 0; k < FILTERS; k++)
                CHECK_NEAR((double)features[i * FILTERS + k], feature[k], 1e-5);
        }
    }
    int64_t count;
    CHECK(gd_session_output(session, "stem", &count) == NULL);
    float unused[CLASSES];
    CHECK_FAILS(gd_session_run(session, images, 0, unused, &error), GD_INVALID, &error,
                "0 pictures in a session for 1 to 7");
    CHECK_FAILS(gd_session_run(session, images, 8, unused, &error), GD_INVALID, &error, "8 pictures");
    gd_session_free(session);
    gd_model_free(model);
}

TEST(pictures_of_any_size_are_fitted)
{
    enum { H = 45, W = 31 };
    gd_model *model;
    gd_session *session;
    gd_error error = {0};
    uint8_t big[H * W], small[PIXELS];
    float got[CLASSES];
    double want[CLASSES];
    open_session(write_model(graph, plain, classes, GD_F32), NULL, &model, &session);
    draw(big, H * W, 3);
    const gd_image image = {H, W, 1, big};
    void *work = malloc(gd_image_fit_bytes(SIDE, SIDE, 1));
    CHECK_OK(gd_image_fit(&image, SIDE, SIDE, small, work, &error), &error);
    free(work);
    expect(small, want, NULL);
    CHECK_OK(gd_session_run(session, &image, 1, got, &error), &error);
    for (int c = 0; c < CLASSES; c++)
        CHECK_NEAR((double)got[c], want[c], 1e-6);
    CHECK_FAILS(gd_session_run(session, &(gd_image){2, 2, 3, big}, 1, got, &error), GD_INVALID, &error,
                "picture 0 has 3 channels where the model reads 1");
    CHECK_FAILS(gd_session_run(session, &(gd_image){0, 2, 1, big}, 1, got, &error), GD_INVALID, &error, "0x2x1");
    gd_session_free(session);
    gd_model_free(model);
}

TEST(flipping_is_the_mean_of_both)
{
    gd_model *model;
    gd_session *session;
    gd_error error = {0};
    uint8_t pixels[PIXELS], mirrored[PIXELS];
    float got[CLASSES];
    double one[CLASSES], other[CLASSES];
    open_session(write_model(graph, flipped, classes, GD_F32), NULL, &model, &session);
    draw(pixels, PIXELS, 2);
    const gd_image image = {SIDE, SIDE, 1, pixels};
    gd_image_mirror(&image, mirrored);
    expect(pixels, one, NULL);
    expect(mirrored, other, NULL);
    CHECK(fabs(one[0] - other[0]) > 1e-4); /* else this test shows nothing */
    CHECK_OK(gd_session_run(session, &image, 1, got, &error), &error);
    for (int c = 0; c < CLASSES; c++)
        CHECK_NEAR((double)got[c], 0.5 * (one[c] + other[c]), 1e-6);
    gd_session_free(session);
    gd_model_free(model);
}

TEST(parameters_in_bf16_are_widened)
{
    gd_model *model;
    gd_session *session;
    gd_error error = {0};
    uint8_t pixels[PIXELS];
    float got[CLASSES];
    double want[CLASSES];
    open_session(write_model(graph, plain, classes, GD_BF16), NULL, &model, &session);
    draw(pixels, PIXELS, 4);
    expect(pixels, want, NULL);
    CHECK_OK(gd_session_run(session, &(gd_image){SIDE, SIDE, 1, pixels}, 1, got, &error), &error);
    for (int c = 0; c < CLASSES; c++)
        CHECK_NEAR((double)got[c], want[c], 1e-6);
    gd_session_free(session);
    gd_model_free(model);
}

typedef struct visitor {
    const gd_model *model;
    int seed, wrong;
} visitor;

static void *visit(void *argument)
{
    visitor *v = argument;
    gd_session *session;
    uint8_t pixels[PIXELS];
    if (gd_session_new(v->model, NULL, &session, NULL) != GD_OK) {
        v->wrong = -1;
        return NULL;
    }
    for (int i = 0; i < 200; i++) {
        float got[CLASSES];
        double want[CLASSES];
        draw(pixels, PIXELS, v->seed + i);
        expect(pixels, want, NULL);
        v->wrong += gd_session_run(session, &(gd_image){SIDE, SIDE, 1, pixels}, 1, got, NULL) != GD_OK ||
                    fabs((double)got[0] - want[0]) > 1e-6;
    }
    gd_session_free(session);
    return NULL;
}

TEST(sessions_of_one_model_run_at_the_same_time)
{
    enum { THREADS = 4 };
    gd_model *model;
    gd_error error = {0};
    pthread_t thread[THREADS];
    visitor visitors[THREADS];
    CHECK_OK(gd_model_open(write_model(graph, plain, classes, GD_F32), &model, &error), &error);
    for (int i = 0; i < THREADS; i++) {
        visitors[i] = (visitor){model, i * 1000, 0};
        CHECK_EQ_INT(pthread_create(&thread[i], NULL, visit, &visitors[i]), 0);
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(thread[i], NULL);
    for (int i = 0; i < THREADS; i++)
        CHECK_EQ_INT(visitors[i].wrong, 0);
    gd_model_free(model);
}

TEST(memory_serves_as_well_as_a_file)
{
    gd_safetensors file;
    gd_error error = {0};
    gd_model *model;
    CHECK_OK(gd_safetensors_open(write_model(graph, plain, classes, GD_F32), &file, &error), &error);
    CHECK_OK(gd_model_read(file.map, file.map_bytes, &model, &error), &error);
    gd_model_free(model);
    CHECK_FAILS(gd_model_read(file.map, file.map_bytes - 1, &model, &error), GD_FORMAT, &error,
                "model in memory:4:54: tensor");
    CHECK(model == NULL);
    gd_safetensors_close(&file);
}

static void refuses(const char *g, const char *p, const char *c, const char *message)
{
    gd_model *model;
    gd_error error = {0};
    CHECK_FAILS(gd_model_open(write_model(g, p, c, GD_F32), &model, &error), GD_FORMAT, &error, message);
    CHECK(model == NULL);
}

/* The graph with the first `from` in it replaced. */
static const char *edit(const char *from, const char *to)
{
    const char *at = strstr(graph, from);
    CHECK(at != NULL);
    return unit_text("%.*s%s%s", (int)(at - graph), graph, to, at + strlen(from));
}

#define NODE(op, name, in) "{\"op\":\"" op "\",\"name\":\"" name "\",\"type\":\"F32\",\"in\":[\"" in "\"]}"

/* A graph whose stem gives one pixel of four channels, and `rest` instead of all nodes behind it. */
static void check_features(const char *rest, const char *features, int64_t n)
{
    gd_model *model;
    gd_error error = {0};
    const char *stem = edit("\"pad\":1", "\"pad\":1,\"stride\":6"), *head = strstr(stem, "{\"op\":\"global_pool\""),
               *g = unit_text("%.*s%s],\"outputs\":[\"probabilities\"]}", (int)(head - stem), stem, rest);
    CHECK_OK(gd_model_open(write_model(g, plain, "[\"a\",\"b\",\"c\",\"d\"]", GD_F32), &model, &error), &error);
    const gd_model_info *info = gd_model_describe(model);
    CHECK_TEXT(info->features ? info->features : "none", features);
    CHECK_EQ_INT(info->n_features, n);
    gd_model_free(model);
}

TEST(features_without_a_linear_layer_are_what_is_pooled_globally_or_none)
{
    check_features(NODE("global_pool", "middle",
                        "stem") "," NODE("hard_swish", "bent", "middle") "," NODE("softmax", "probabilities", "bent"),
                   "middle", 4);
    check_features(NODE("flatten", "row", "stem") "," NODE("softmax", "probabilities", "row"), "none", 0);
}

TEST(models_that_do_not_fit_are_refused_in_one_sentence)
{
    refuses(NULL, plain, classes, "model.safetensors: not a model of griddle: no metadata 'graph'");
    refuses(graph, NULL, classes, "no metadata 'preprocess'");
    refuses("{", plain, classes, "model.safetensors (graph):1:2");
    refuses("[]", plain, classes, "model.safetensors (graph)");
    refuses(graph, "{\"height\":6}", classes, "model.safetensors (preprocess)");
    refuses(graph, "{\"height\":6,\"width\":6,\"channels\":1,\"resize\":\"stretch\"}", classes, "stretch");
    refuses(graph, "{\"height\":7,\"width\":6,\"channels\":1,\"resize\":\"short-side\"}", classes,
            "the graph reads 'images' U8 1x6x6x1 where preprocessing makes 'images' U8 1x7x6x1");
    refuses(graph, "{\"height\":7000000,\"width\":6,\"channels\":1,\"resize\":\"short-side\"}", classes, "7000000");
    refuses(graph, plain, "[\"a\",\"b\"]", "the graph ends in F32 1x3 where 2 classes need F32 1x2");
    refuses(graph, plain, "[]", "classes are no list of names");
    refuses(graph, plain, "[\"a\",1,\"b\"]", "classes are no list of names");
    refuses(edit("conv2d", "conv3d"), plain, classes, "conv3d");
    refuses(edit("\"filters\":4", "\"filters\":5"), plain, classes,
            "tensor 'stem.w' is F32 4x3x3x1 where the graph needs F32 or BF16 5x3x3x1");
    refuses(edit("\"stem.w\"", "\"stem.v\""), plain, classes, "no tensor 'stem.v'");
    refuses(edit("\"outputs\":[\"probabilities\"]", "\"outputs\":[\"logits\"]"), plain, classes,
            "no way from 'images' to 'probabilities'");
    refuses(edit("{\"op\":\"global_pool\"", NODE("relu", "bytes", "images") ",{\"op\":\"global_pool\""), plain, classes,
            "'images' is U8 where a node of type F32 needs F32");
    refuses(edit("\"conv2d\",\"name\":\"stem\",\"type\":\"F32\"", "\"conv2d\",\"name\":\"stem\",\"type\":\"BF16\""),
            plain, classes, "'input' is F32 where a node of type BF16 needs BF16");
    refuses(edit("\"name\":\"images\"", "\"name\":\"pictures\""), plain, classes, "model.safetensors (graph)");
}

TEST(sessions_are_refused_with_a_reason)
{
    gd_model *model;
    gd_session *session;
    gd_error error = {0};
    const char *wrong[] = {"elephants"}, *input[] = {"images"};
    CHECK_OK(gd_model_open(write_model(graph, plain, classes, GD_F32), &model, &error), &error);
    CHECK_FAILS(gd_session_new(model, &(gd_session_options){0, 1, wrong}, &session, &error), GD_INVALID, &error,
                "output 'elephants': the graph computes no such value");
    CHECK(session == NULL);
    CHECK_FAILS(gd_session_new(model, &(gd_session_options){0, 1, input}, &session, &error), GD_INVALID, &error,
                "images");
    CHECK_FAILS(gd_session_new(model, &(gd_session_options){2000, 0, NULL}, &session, &error), GD_INVALID, &error,
                "2000");
    CHECK_FAILS(gd_session_new(model, &(gd_session_options){-1, 0, NULL}, &session, &error), GD_INVALID, &error, "-1");
    gd_model_free(model);
    gd_session_free(NULL);
    gd_model_free(NULL);
    CHECK_FAILS(gd_model_open(unit_path("none"), &model, &error), GD_IO, &error, "none");
}
