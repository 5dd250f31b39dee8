// SPDX-License-Identifier: Apache-2.0
/* griddle evaluate: how good a model is on images it has not seen; two models side by side. */
#include "base/file.h"
#include "base/parallel.h"
#include "base/text.h"
#include "cli/engine.h"
#include "train/evaluate_model.h"
#include "train/evaluation.h"
#include "train/run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_folder(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

static bool ends_with(const char *text, const char *end)
{
    size_t n = strlen(text), m = strlen(end);
    return n >= m && strcmp(text + n - m, end) == 0;
}

/* The model of a run or a file. */
static gd_status open_model(const char *word, gd_model **model, gd_error *error)
{
    gd_run_path path = gd_run_file(word, "model.safetensors");
    if (is_folder(word) && !gd_file_exists(path.text))
        return gd_fail(error, GD_IO, "'%s' has no model.safetensors: train it to the end first", word);
    return gd_model_open(is_folder(word) ? path.text : word, model, error);
}

/* What images: the test split; all of a set that has no splits, when it was named for just this purpose. */
static gd_status choose_images(const gd_staged *staged, bool named, const gd_images **images, gd_error *error)
{
    *images = &staged->test;
    if (staged->test.n > 0)
        return GD_OK;
    if (!named)
        return gd_fail(error, GD_INVALID,
                       "'%s' has no test split, and training images prove nothing; set data.test to hold some out, or "
                       "name other images: evaluate RUN DATA",
                       staged->path);
    fprintf(stderr, "no test split: all %lld images are taken\n", (long long)staged->train.n);
    *images = &staged->train;
    return GD_OK;
}

/* The model's classes must be the set's: labels are positions in them. */
static gd_status check_classes(const gd_model_info *info, const gd_staged *staged, gd_error *error)
{
    if (info->n_classes != staged->n_classes)
        return gd_fail(error, GD_INVALID, "the model knows %d classes where the images have %d", info->n_classes,
                       staged->n_classes);
    for (int i = 0; i < info->n_classes; i++) {
        if (strcmp(info->classes[i], staged->classes[i]) != 0)
            return gd_fail(error, GD_INVALID,
                           "class %d is '%s' to the model and '%s' in the images; stage these with data.classes in "
                           "the model's order",
                           i, info->classes[i], staged->classes[i]);
    }
    return GD_OK;
}

static gd_status evaluate_model(const gd_model *model, const gd_staged *staged, const gd_images *images,
                                gd_arena *arena, gd_evaluation *evaluation, gd_error *error)
{
    const gd_model_info *info = gd_model_describe(model);
    GD_TRY(check_classes(info, staged, error));
    float *probabilities =
        gd_arena_alloc(arena, (size_t)images->n * (size_t)info->n_classes + 1, sizeof *probabilities);
    if (!probabilities)
        return gd_fail(error, GD_NOMEM, "out of memory for the predictions of %lld images", (long long)images->n);
    GD_TRY(gd_predict_images(model, images, gd_parallel_threads(), probabilities, error));
    return gd_evaluate(probabilities, images->labels, images->n, info->n_classes, arena, evaluation, error);
}

static void print_changed(const gd_evaluation *a, const gd_evaluation *b, const gd_images *images,
                          const char *const *classes, bool json, gd_text *out)
{
    int64_t shown = 0;
    for (int64_t i = 0; i < a->images; i++) {
        if (a->prediction[i] == b->prediction[i])
            continue;
        const char *name = images->names ? images->names[i] : "";
        if (json) {
            gd_text_add(out, "%s{\"row\":%lld,\"name\":", shown ? "," : "", (long long)i);
            gd_text_add_json(out, name);
            const int of[] = {images->labels[i], a->prediction[i], b->prediction[i]};
            static const char *const keys[] = {"label", "a", "b"};
            for (int k = 0; k < 3; k++) {
                gd_text_add(out, ",\"%s\":", keys[k]);
                gd_text_add_json(out, classes[of[k]]);
            }
            gd_text_add(out, "}");
        } else {
            gd_text_add(out, "  %lld %s: label %s, first %s, second %s\n", (long long)i, name,
                        classes[images->labels[i]], classes[a->prediction[i]], classes[b->prediction[i]]);
        }
        shown++;
    }
}

static void print_comparison(const gd_evaluation *a, const gd_evaluation *b, const gd_images *images,
                             const char *const *classes, bool json, gd_text *out)
{
    gd_pairing c = gd_evaluation_pair(a, b, images->labels);
    if (json) {
        gd_text_add(out,
                    ",\"comparison\":{\"difference\":%.9g,\"interval\":[%.9g,%.9g],\"only_first\":%lld,"
                    "\"only_second\":%lld,\"p\":%.6g,\"changed\":[",
                    c.difference, c.interval[0], c.interval[1], (long long)c.only_a, (long long)c.only_b, c.p);
        print_changed(a, b, images, classes, true, out);
        gd_text_add(out, "]}");
        return;
    }
    gd_text_add(out,
                "\nthe second less the first: %+.4f (95%% interval %+.4f to %+.4f); right in just one: %lld, %lld; "
                "McNemar p = %.3g\nimages answered differently:\n",
                c.difference, c.interval[0], c.interval[1], (long long)c.only_a, (long long)c.only_b, c.p);
    print_changed(a, b, images, classes, false, out);
}

/* Evaluates up to two models on a staged set; `write_to` (or NULL) keeps the JSON of the first. */
static gd_status evaluate(gd_command *command, const char *const *models, int n_models, const char *staged_path,
                          bool named, const char *write_to, gd_error *error)
{
    gd_staged staged = {0};
    gd_model *model[2] = {0};
    gd_evaluation evaluation[2];
    const gd_images *images;
    gd_text json = {0}, text = {0};
    gd_status status;
    bool as_json = gd_command_has(command, "--json");
    GD_TRY_TO(done, gd_staged_open(staged_path, GD_OPEN_TEST | (named ? GD_OPEN_TRAIN : 0), &staged, error));
    GD_TRY_TO(done, choose_images(&staged, named, &images, error));
    for (int i = 0; i < n_models; i++) {
        GD_TRY_TO(done, open_model(models[i], &model[i], error));
        GD_TRY_TO(done, evaluate_model(model[i], &staged, images, &command->arena, &evaluation[i], error));
    }
    gd_evaluation_print_json(&evaluation[0], staged.classes, &json);
    gd_evaluation_print(&evaluation[0], staged.classes, &text);
    if (n_models == 2) {
        gd_text_add(&json, ",\"second\":");
        gd_evaluation_print_json(&evaluation[1], staged.classes, &json);
        gd_text_add(&json, "}");
        gd_text_add(&text, "\nsecond: ");
        gd_evaluation_print(&evaluation[1], staged.classes, &text);
        print_comparison(&evaluation[0], &evaluation[1], images, staged.classes, true, &json);
        print_comparison(&evaluation[0], &evaluation[1], images, staged.classes, false, &text);
    }
    gd_text_add(&json, "}\n");
    GD_TRY_TO(done, gd_text_status(&json, error));
    GD_TRY_TO(done, gd_text_status(&text, error));
    if (write_to)
        GD_TRY_TO(done, gd_file_write(write_to, json.at, json.length, error));
    fputs(as_json ? json.at : text.at, stdout);
done:
    gd_text_release(&json);
    gd_text_release(&text);
    gd_model_free(model[0]);
    gd_model_free(model[1]);
    gd_staged_close(&staged);
    return status;
}

gd_status gd_engine_evaluate_run(gd_command *command, const char *folder, gd_error *error)
{
    return evaluate(command, &folder, 1, gd_run_file(folder, "staged.safetensors").text, false,
                    gd_run_file(folder, "evaluation.json").text, error);
}

/* Images that are named by something else than a run: staged, in the cache, as the model wants to see them. */
static gd_status stage_images(gd_command *command, const char *model_word, const char *data, gd_engine_path *staged,
                              gd_error *error)
{
    gd_model *model = NULL;
    gd_text classes = {0};
    char absolute[4096];
    gd_status status;
    GD_TRY_TO(done, open_model(model_word, &model, error));
    const gd_model_info *info = gd_model_describe(model);
    if (!realpath(data, absolute)) {
        status = gd_fail(error, GD_IO, "cannot find '%s'", data);
        goto done;
    }
    for (int i = 0; i < info->n_classes; i++) {
        gd_text_add(&classes, i ? "," : "data.classes=[");
        gd_text_add_json(&classes, info->classes[i]);
    }
    gd_text_add(&classes, "]");
    GD_TRY_TO(done, gd_text_status(&classes, error));
    const char *settings[] = {gd_arena_printf(&command->arena, "data.source=%s", absolute),
                              gd_arena_printf(&command->arena, "data.channels=%d", info->channels),
                              gd_arena_printf(&command->arena, "data.size=%d", is_folder(data) ? info->height : 0),
                              classes.at, NULL};
    if (!settings[0] || !settings[1] || !settings[2])
        status = gd_fail(error, GD_NOMEM, "out of memory for a command line");
    else
        status = gd_engine_stage(command, "/dev/null", settings, NULL, staged, error);
done:
    gd_text_release(&classes);
    gd_model_free(model);
    return status;
}

static gd_status run_evaluate(gd_command *command, gd_error *error)
{
    const char *const *words = command->word;
    const char *second = gd_command_option(command, "--against");
    const char *models[] = {words[0], second};
    int n_models = second ? 2 : 1;
    bool staged_already = command->n_words == 1 || ends_with(words[1], ".safetensors") ||
                          gd_file_exists(gd_run_file(words[1], "staged.safetensors").text);
    if (staged_already && gd_command_has(command, "--set"))
        return gd_fail(error, GD_INVALID, "--set changes how images are staged, and these are staged already");
    if (command->n_words == 1) {
        if (!is_folder(words[0]))
            return gd_fail(error, GD_INVALID, "'%s' is no run: name the images too, as evaluate MODEL DATA", words[0]);
        return evaluate(command, models, n_models, gd_run_file(words[0], "staged.safetensors").text, false,
                        gd_run_file(words[0], "evaluation.json").text, error);
    }
    gd_run_path of_run = gd_run_file(words[1], "staged.safetensors");
    if (gd_file_exists(of_run.text))
        return evaluate(command, models, n_models, of_run.text, false, NULL, error);
    if (ends_with(words[1], ".safetensors"))
        return evaluate(command, models, n_models, words[1], true, NULL, error);
    gd_engine_path staged;
    GD_TRY(stage_images(command, words[0], words[1], &staged, error));
    return evaluate(command, models, n_models, staged.text, true, NULL, error);
}

static const gd_option options[] = {
    {"--against", NULL, "RUN|MODEL", "a second model on the same images: paired test, images answered differently"},
    GD_OPTION_SET,
    GD_OPTION_JSON,
    {0},
};

const gd_verb gd_verb_evaluate = {
    "evaluate",
    "RUN|MODEL [DATA]",
    1,
    2,
    "accuracy with its interval, loss, per class, confusion, calibration; DATA: a run, a staged set, images",
    "griddle evaluate runs/scones\n"
    "griddle evaluate runs/scones --against runs/other\n"
    "griddle evaluate model.safetensors pictures/\n",
    options,
    run_evaluate,
};
