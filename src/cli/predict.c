// SPDX-License-Identifier: Apache-2.0
/* griddle predict RUN|MODEL IMAGE…: what a model sees in pictures. A broken picture is named and the others are still
 * answered; the exit code is then 1. */
#include "cli/predict.h"

#include "base/file.h"
#include "base/text.h"
#include "data/decode.h"
#include "griddle/infer.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

enum { TOP = 5 };

typedef struct asker {
    const char *path; /* of the model's file */
    gd_model *model;
    gd_session *session;
    float *probability; /* (classes) of one picture */
    int *order;         /* classes, likeliest first */
    int top;
    bool json;
    int answered;
    gd_text out;
} asker;

static int likeliest(const asker *a)
{
    int best = 0;
    for (int c = 1; c < gd_model_describe(a->model)->n_classes; c++)
        best = a->probability[c] > a->probability[best] ? c : best;
    return best;
}

static void print_json(asker *a, const char *image)
{
    const gd_model_info *info = gd_model_describe(a->model);
    const int best = likeliest(a);
    gd_text_add(&a->out, a->answered ? ",\n{\"image\":" : "\n{\"image\":");
    gd_text_add_json(&a->out, image);
    gd_text_add(&a->out, ",\"class\":");
    gd_text_add_json(&a->out, info->classes[best]);
    gd_text_add(&a->out, ",\"probability\":%.9g,\"probabilities\":[", (double)a->probability[best]);
    for (int c = 0; c < info->n_classes; c++)
        gd_text_add(&a->out, c ? ",%.9g" : "%.9g", (double)a->probability[c]);
    gd_text_add(&a->out, "]}");
}

/* Names may be a stranger's: no escape sequences on a terminal. */
static void print_plain(asker *a, const char *text)
{
    for (; *text; text++)
        gd_text_add(&a->out, "%c", (unsigned char)*text < 0x20 || *text == 0x7f ? '?' : *text);
}

static void print_top(asker *a, const char *image)
{
    const gd_model_info *info = gd_model_describe(a->model);
    const int top = a->top < info->n_classes ? a->top : info->n_classes;
    for (int c = 0; c < info->n_classes; c++) {
        int at = c; /* a list of `top`, kept in order */
        for (; at > 0 && a->probability[a->order[at - 1]] < a->probability[c]; at--)
            a->order[at] = a->order[at - 1];
        a->order[at] = c;
    }
    print_plain(a, image);
    for (int i = 0; i < top; i++) {
        gd_text_add(&a->out, "\n  %6.2f%%  ", 100.0 * (double)a->probability[a->order[i]]);
        print_plain(a, info->classes[a->order[i]]);
    }
    gd_text_add(&a->out, "\n");
}

static gd_status answer(asker *a, const char *image, gd_error *error)
{
    const gd_model_info *info = gd_model_describe(a->model);
    gd_picture picture = {0};
    void *map;
    size_t bytes;
    GD_TRY(gd_file_map(image, &map, &bytes, error));
    gd_status status = gd_decode(image, map, bytes, info->channels, &picture, error);
    gd_file_unmap(map, bytes);
    if (status != GD_OK)
        return status;
    const gd_image pixels = {picture.height, picture.width, picture.channels, picture.pixels};
    status = gd_session_run(a->session, &pixels, 1, a->probability, error);
    gd_picture_release(&picture);
    GD_TRY(status);
    for (int c = 0; c < info->n_classes; c++) {
        if (!isfinite(a->probability[c]))
            return gd_fail(error, GD_NUMERIC, "'%s': the model's answer is not a number", image);
    }
    if (a->json)
        print_json(a, image);
    else
        print_top(a, image);
    a->answered++;
    return GD_OK;
}

/* A run's folder holds model.safetensors. */
static const char *model_path(gd_arena *arena, const char *word)
{
    struct stat at;
    return stat(word, &at) == 0 && S_ISDIR(at.st_mode) ? gd_arena_printf(arena, "%s/model.safetensors", word) : word;
}

static gd_status open_model(asker *a, gd_command *command, gd_error *error)
{
    a->path = model_path(&command->arena, command->word[0]);
    if (!a->path)
        return gd_fail(error, GD_NOMEM, "out of memory for the command line");
    GD_TRY(gd_model_open(a->path, &a->model, error));
    GD_TRY(gd_session_new(a->model, NULL, &a->session, error));
    const size_t n = (size_t)gd_model_describe(a->model)->n_classes;
    a->probability = gd_arena_alloc(&command->arena, n, sizeof *a->probability);
    a->order = gd_arena_alloc(&command->arena, n, sizeof *a->order);
    return a->probability && a->order ? GD_OK : gd_fail(error, GD_NOMEM, "out of memory for %zu classes", n);
}

static gd_status ask(asker *a, gd_command *command, gd_error *error)
{
    GD_TRY(open_model(a, command, error));
    if (a->json) {
        gd_text_add(&a->out, "{\"model\":");
        gd_text_add_json(&a->out, a->path);
        gd_text_add(&a->out, ",\"predictions\":[");
    }
    for (int i = 1; i < command->n_words; i++) {
        gd_error broken = {0};
        if (answer(a, command->word[i], &broken) != GD_OK) {
            gd_command_complain(&broken);
            command->exit_code = 1;
        }
    }
    gd_text_add(&a->out, a->json ? "]}\n" : "");
    GD_TRY(gd_text_status(&a->out, error));
    fputs(a->out.at ? a->out.at : "", stdout);
    return GD_OK;
}

static gd_status run(gd_command *command, gd_error *error)
{
    asker a = {.json = gd_command_has(command, "--json")};
    if (a.json && gd_command_has(command, "--top"))
        return gd_fail(error, GD_INVALID, "'--top' and '--json' exclude each other: JSON has every class");
    GD_TRY(gd_command_int(command, "--top", 1, 1000000, TOP, &a.top, error));
    gd_status status = ask(&a, command, error);
    gd_session_free(a.session);
    gd_model_free(a.model);
    gd_text_release(&a.out);
    return status;
}

static const gd_option options[] = {
    {"--top", NULL, "K", "how many classes to show; default 5"},
    GD_OPTION_JSON,
    {0},
};

const gd_verb gd_verb_predict = {
    .name = "predict",
    .words = "RUN|MODEL IMAGE…",
    .least = 2,
    .most = -1,
    .summary = "Asks a model about pictures (PNG or JPEG, any size). RUN is a run's folder, MODEL a model.safetensors.",
    .examples = "griddle predict runs/fashion-mnist boot.png\n"
                "griddle predict model.safetensors --top 3 a.jpg b.jpg\n"
                "griddle predict runs/scones --json *.png\n",
    .options = options,
    .run = run,
};
