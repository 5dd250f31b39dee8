// SPDX-License-Identifier: Apache-2.0
/* A request's whole way through a worker: Content-Type, Accept and body, any bytes, to pictures, a small model's
 * probabilities and the answer's text. Where there are pictures there is an answer, well-formed in the form that Accept
 * asked for and with a row for each; that of one picture does not depend on those before.
 *
 *     a byte: the type and the model's channels · a byte: how long Accept is · Accept · the body */
#include "base/json.h"
#include "body/body.h"
#include "serve/answer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SIDE = 4, CLASSES = 3, BATCH = 4, MOST_PIXELS = 1 << 18 /* scaled; decoding more is fuzz_body's */ };

static const char graph[] =
    "{\\\"format_version\\\":1,\\\"inputs\\\":[{\\\"name\\\":\\\"images\\\",\\\"type\\\":\\\"U8\\\",\\\"shape\\\":[4,4,"
    "%d]}],"
    "\\\"nodes\\\":["
    "{\\\"op\\\":\\\"augment\\\",\\\"name\\\":\\\"input\\\",\\\"type\\\":\\\"F32\\\",\\\"in\\\":[\\\"images\\\"],"
    "\\\"params\\\":[],"
    "\\\"settings\\\":{\\\"mean\\\":[%s],\\\"deviation\\\":[%s]}},"
    "{\\\"op\\\":\\\"flatten\\\",\\\"name\\\":\\\"features\\\",\\\"type\\\":\\\"F32\\\",\\\"in\\\":[\\\"input\\\"],"
    "\\\"params\\\":[],"
    "\\\"settings\\\":{}},"
    "{\\\"op\\\":\\\"linear\\\",\\\"name\\\":\\\"logits\\\",\\\"type\\\":\\\"F32\\\",\\\"in\\\":[\\\"features\\\"],"
    "\\\"params\\\":[\\\"w\\\",\\\"b\\\"],\\\"settings\\\":{\\\"features\\\":3}},"
    "{\\\"op\\\":\\\"softmax\\\",\\\"name\\\":\\\"probabilities\\\",\\\"type\\\":\\\"F32\\\",\\\"in\\\":["
    "\\\"logits\\\"],"
    "\\\"params\\\":[],"
    "\\\"settings\\\":{}}],\\\"outputs\\\":[\\\"probabilities\\\"]}";

typedef struct asked {
    gd_session *session;
    const gd_model_info *info;
} asked;

/* The model lives as long as the process. */
static asked make_model(int channels)
{
    const int weights = SIDE * SIDE * channels * CLASSES;
    const size_t bytes = 8192 + (size_t)(weights + CLASSES) * sizeof(float);
    char *file = calloc(1, bytes), *header = file + 8;
    asked a = {0};
    gd_model *model = NULL;
    gd_error error = {0};
    if (!file)
        abort();
    int n = snprintf(header, 8192 - 8,
                     "{\"__metadata__\":{\"format\":\"griddle-model\",\"format_version\":\"1\",\"graph\":\"");
    n += snprintf(header + n, 8192 - 8 - (size_t)n, graph, channels, channels == 1 ? "128" : "128,128,128",
                  channels == 1 ? "64" : "64,64,64");
    n +=
        snprintf(header + n, 8192 - 8 - (size_t)n,
                 "\",\"classes\":\"[\\\"a\\\",\\\"b \\\\\\\"\\\",\\\"\\u00e4\\\"]\",\"preprocess\":\"{\\\"height\\\":4,"
                 "\\\"width\\\":4,\\\"channels\\\":%d,\\\"resize\\\":\\\"short-side\\\",\\\"flip\\\":false}\"},"
                 "\"w\":{\"dtype\":\"F32\",\"shape\":[3,%d],\"data_offsets\":[0,%d]},"
                 "\"b\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[%d,%d]}}",
                 channels, weights / CLASSES, weights * 4, weights * 4, (weights + CLASSES) * 4);
    while ((n + 8) % 64)
        header[n++] = ' ';
    for (int i = 0; i < 8; i++)
        file[i] = (char)(i < 4 ? n >> (8 * i) : 0);
    float *w = (float *)(void *)(header + n);
    for (int i = 0; i < weights; i++)
        w[i] = (float)(i * 7 % 23 - 11) / 64;
    if (gd_model_read(file, 8 + (size_t)n + (size_t)(weights + CLASSES) * sizeof(float), &model, &error) != GD_OK ||
        gd_session_new(model, &(gd_session_options){.max_batch = BATCH}, &a.session, &error) != GD_OK) {
        char text[1024];
        fprintf(stderr, "%s\n", gd_error_text(&error, text, sizeof text));
        abort();
    }
    a.info = gd_model_describe(model);
    return a;
}

static void compute(const asked *a, const gd_pictures *pictures, float *probabilities)
{
    for (int first = 0; first < pictures->n; first += BATCH) {
        gd_image image[BATCH];
        int n = 0;
        for (; n < BATCH && first + n < pictures->n; n++) {
            const gd_picture *p = &pictures->picture[first + n];
            image[n] = (gd_image){p->height, p->width, p->channels, p->pixels};
        }
        if (gd_session_run(a->session, image, n, probabilities + (size_t)first * CLASSES, NULL) != GD_OK)
            abort();
    }
}

/* Returns how many rows the answer has. */
static int read_answer(const char *text, size_t length, gd_answer_form form, bool several)
{
    const gd_json_limits limits = {8, 100000};
    int rows = 0;
    for (const char *line = text, *end = text + length, *next; line < end; line = next, rows++) {
        const char *stop = form == GD_ANSWER_LINES ? memchr(line, '\n', (size_t)(end - line)) : end;
        gd_arena arena = {0};
        gd_attr *root = NULL;
        if (!stop || gd_json_parse(&arena, "answer", line, (size_t)(stop - line), limits, &root, NULL) != GD_OK)
            abort();
        if (form == GD_ANSWER_VERBOSE)
            rows += gd_attr_count(gd_attr_find(root, "predictions")) - 1;
        else if (form == GD_ANSWER_JSON && several)
            rows += gd_attr_count(root) - 1;
        gd_arena_release(&arena);
        next = form == GD_ANSWER_LINES ? stop + 1 : end;
    }
    return rows;
}

static void answer(const asked *a, const gd_pictures *pictures, gd_answer_form form)
{
    float *probabilities = malloc((size_t)pictures->n * CLASSES * sizeof *probabilities), last[CLASSES];
    gd_text text = {0};
    if (!probabilities)
        abort();
    compute(a, pictures, probabilities);
    const gd_picture *p = &pictures->picture[pictures->n - 1];
    if (gd_session_run(a->session, &(gd_image){p->height, p->width, p->channels, p->pixels}, 1, last, NULL) != GD_OK)
        abort();
    for (int c = 0; c < CLASSES; c++) {
        const float difference = last[c] - probabilities[(size_t)(pictures->n - 1) * CLASSES + (size_t)c];
        if (!(difference < 1e-5f && difference > -1e-5f))
            abort();
    }
    gd_answer_write(&text, form, a->info, probabilities, pictures->n, pictures->several);
    if (text.failed || read_answer(text.at, text.length, form, pictures->several) != pictures->n)
        abort();
    gd_text_release(&text);
    free(probabilities);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const types[] = {NULL, "image/jpeg", "application/x-npy", "application/json",
                                        "multipart/form-data; boundary=b"};
    enum { TYPES = sizeof types / sizeof *types };
    static asked models[2];
    char accept[256] = "";
    if (size < 2 || size < 2 + (size_t)data[1])
        return 0;
    const int colour = *data >> 7;
    const char *type = types[(*data & 0x7f) % TYPES];
    if (!models[colour].session)
        models[colour] = make_model(colour ? 3 : 1);
    memcpy(accept, data + 2, data[1]);
    const gd_answer_form form = gd_answer_negotiate(accept);
    gd_pictures pictures = {0};
    if (form != GD_ANSWER_NONE &&
        gd_body_decode(type, data + 2 + data[1], size - 2 - data[1], colour ? 3 : 1, &pictures, NULL) == GD_OK) {
        int64_t pixels = 0;
        for (int i = 0; i < pictures.n; i++)
            pixels += (int64_t)pictures.picture[i].height * pictures.picture[i].width;
        if (pixels <= MOST_PIXELS)
            answer(&models[colour], &pictures, form);
    }
    gd_pictures_release(&pictures);
    return 0;
}
