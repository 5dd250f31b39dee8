// SPDX-License-Identifier: Apache-2.0
/* griddle predict RUN|MODEL IMAGE…: what a model sees in pictures. A broken picture is named and the others are still
 * answered; the exit code is then 1. Many pictures from a folder or a file: predict_batch.c. */
#include "cli/predict.h"

#include "base/text.h"
#include "cli/predict_ask.h"

#include <stdio.h>
#include <sys/stat.h>

enum { TOP = 5 };

typedef struct few {
    gd_asker asker;
    int *order; /* classes, likeliest first */
    int top;
    bool json;
    int answered;
    gd_text out;
} few;

static void print_json(few *f, const char *image)
{
    gd_text_add(&f->out, f->answered ? ",\n{\"image\":" : "\n{\"image\":");
    gd_text_add_json(&f->out, image);
    gd_text_add(&f->out, ",");
    gd_ask_print_json(&f->asker, &f->out);
    gd_text_add(&f->out, "}");
}

/* Names may be a stranger's: no escape sequences on a terminal. */
static void print_plain(few *f, const char *text)
{
    for (; *text; text++)
        gd_text_add(&f->out, "%c", (unsigned char)*text < 0x20 || *text == 0x7f ? '?' : *text);
}

static void print_top(few *f, const char *image)
{
    const gd_model_info *info = f->asker.info;
    const float *probability = f->asker.probability;
    const int top = f->top < info->n_classes ? f->top : info->n_classes;
    for (int c = 0; c < info->n_classes; c++) {
        int at = c; /* a list of `top`, kept in order */
        for (; at > 0 && probability[f->order[at - 1]] < probability[c]; at--)
            f->order[at] = f->order[at - 1];
        f->order[at] = c;
    }
    print_plain(f, image);
    for (int i = 0; i < top; i++) {
        gd_text_add(&f->out, "\n  %6.2f%%  ", 100.0 * (double)probability[f->order[i]]);
        print_plain(f, info->classes[f->order[i]]);
    }
    gd_text_add(&f->out, "\n");
}

static gd_status ask(few *f, gd_command *command, const char *path, gd_error *error)
{
    if (f->json) {
        gd_text_add(&f->out, "{\"model\":");
        gd_text_add_json(&f->out, path);
        gd_text_add(&f->out, ",\"predictions\":[");
    }
    for (int i = 1; i < command->n_words; i++) {
        gd_error broken = {0};
        if (gd_ask_file(&f->asker, command->word[i], &broken) != GD_OK) {
            gd_command_complain(&broken);
            command->exit_code = 1;
            continue;
        }
        if (f->json)
            print_json(f, command->word[i]);
        else
            print_top(f, command->word[i]);
        f->answered++;
    }
    gd_text_add(&f->out, f->json ? "]}\n" : "");
    GD_TRY(gd_text_status(&f->out, error));
    fputs(f->out.at ? f->out.at : "", stdout);
    return GD_OK;
}

static gd_status run_few(gd_command *command, const gd_model *model, const char *path, int top, gd_error *error)
{
    few f = {.top = top, .json = gd_command_has(command, "--json")};
    const size_t n = (size_t)gd_model_describe(model)->n_classes;
    f.order = gd_arena_alloc(&command->arena, n, sizeof *f.order);
    if (!f.order)
        return gd_fail(error, GD_NOMEM, "out of memory for %zu classes", n);
    gd_status status = gd_asker_init(&f.asker, model, error);
    if (status == GD_OK)
        status = ask(&f, command, path, error);
    gd_asker_release(&f.asker);
    gd_text_release(&f.out);
    return status;
}

/* ---- the verb ---- */

/* Few pictures, or a batch: what belongs to the other way is refused, not ignored. */
static gd_status check_options(const gd_command *command, gd_error *error)
{
    static const char *const few_only[] = {"--top", "--json"}, *const batch_only[] = {"--output", "--threads"};
    const bool batch = gd_command_has(command, "--input");
    if (batch && command->n_words > 1)
        return gd_fail(error, GD_INVALID, "'%s' and '--input' exclude each other: name pictures or a batch",
                       command->word[1]);
    for (int i = 0; i < 2; i++) {
        if (batch && gd_command_has(command, few_only[i]))
            return gd_fail(
                error, GD_INVALID,
                "'%s' and '--input' exclude each other: a batch is written as lines of JSON with every class",
                few_only[i]);
        if (!batch && gd_command_has(command, batch_only[i]))
            return gd_fail(error, GD_INVALID, "'%s' needs '--input FOLDER|FILE'", batch_only[i]);
    }
    if (batch && !gd_command_has(command, "--output"))
        return gd_fail(error, GD_INVALID, "'--input' needs '--output FILE', or '--output -' for standard output");
    if (!batch && command->n_words == 1)
        return gd_fail(
            error, GD_INVALID,
            "expected griddle predict RUN|MODEL IMAGE…, or --input and --output; see griddle predict --help");
    if (gd_command_has(command, "--top") && gd_command_has(command, "--json"))
        return gd_fail(error, GD_INVALID, "'--top' and '--json' exclude each other: JSON has every class");
    return GD_OK;
}

/* A run's folder holds model.safetensors. */
static const char *model_path(gd_arena *arena, const char *word)
{
    struct stat at;
    return stat(word, &at) == 0 && S_ISDIR(at.st_mode) ? gd_arena_printf(arena, "%s/model.safetensors", word) : word;
}

static gd_status run(gd_command *command, gd_error *error)
{
    gd_model *model;
    int top;
    GD_TRY(check_options(command, error));
    GD_TRY(gd_command_int(command, "--top", 1, 1000000, TOP, &top, error));
    const char *path = model_path(&command->arena, command->word[0]);
    if (!path)
        return gd_fail(error, GD_NOMEM, "out of memory for the command line");
    GD_TRY(gd_model_open(path, &model, error));
    gd_status status = gd_command_has(command, "--input") ? gd_predict_batch(command, model, path, error)
                                                          : run_few(command, model, path, top, error);
    gd_model_free(model);
    return status;
}

static const gd_option options[] = {
    {"--top", NULL, "K", "how many classes to show; default 5"},
    GD_OPTION_JSON,
    {"--input", NULL, "FOLDER|FILE", "a batch: the pictures below a folder, or of lines of JSON; -: standard input"},
    {"--output", NULL, "FILE", "where its answers go, a line each; started again, it goes on; -: standard output"},
    {"--threads", NULL, "N", "of a batch; default: all cores"},
    {0},
};

const gd_verb gd_verb_predict = {
    .name = "predict",
    .words = "RUN|MODEL IMAGE…",
    .least = 1,
    .most = -1,
    .summary = "Asks a model about pictures (PNG or JPEG, any size). RUN is a run's folder, MODEL a model.safetensors.",
    .examples = "griddle predict runs/fashion-mnist boot.png\n"
                "griddle predict model.safetensors --top 3 a.jpg b.jpg\n"
                "griddle predict runs/scones --json *.png\n"
                "griddle predict runs/scones --input photos/ --output answers.jsonl\n",
    .options = options,
    .run = run,
};
