// SPDX-License-Identifier: Apache-2.0
/* griddle train: stages if need be, trains, shows how it goes; alone, or as one of several ranks. */
#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "cli/engine.h"
#include "cli/engine_ranks.h"
#include "train/run.h"
#include "train/train.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- progress ---- */

typedef struct display {
    bool terminal, silent;
    double last; /* seconds, of the last line on a terminal */
    int width;
} display;

static void clear_line(display *d)
{
    if (d->width > 0)
        fprintf(stderr, "\r%*s\r", d->width, "");
    d->width = 0;
}

static void show_bar(display *d, const gd_progress *p)
{
    enum { CELLS = 24 };
    char bar[CELLS + 1];
    int full = (int)(p->step * CELLS / (p->steps ? p->steps : 1));
    for (int i = 0; i < CELLS; i++)
        bar[i] = i < full ? '=' : i == full ? '>' : ' ';
    bar[CELLS] = '\0';
    int left = (int)p->seconds_left;
    int width = fprintf(stderr, "\repoch %d/%d [%s] loss %.4f  accuracy %.4f  %.0f images/s  %d:%02d left ", p->epoch,
                        p->epochs, bar, p->loss, p->accuracy, p->images_per_second, left / 60, left % 60);
    if (width < d->width)
        fprintf(stderr, "%*s", d->width - width, "");
    d->width = width > d->width ? width : d->width;
    fflush(stderr);
}

static void show_progress(void *argument, const gd_progress *p)
{
    display *d = argument;
    if (!p->epoch_ended) {
        if (d->terminal && gd_seconds() - d->last > 0.1) {
            d->last = gd_seconds();
            show_bar(d, p);
        }
        return;
    }
    clear_line(d);
    fprintf(stderr, "epoch %d/%d  loss %.4f  accuracy %.4f", p->epoch, p->epochs, p->loss, p->accuracy);
    if (p->has_validation)
        fprintf(stderr, "  validation loss %.4f  accuracy %.4f%s", p->validation_loss, p->validation_accuracy,
                p->is_best ? " *" : "");
    fprintf(stderr, "  %.0f images/s  %.1f s\n", p->images_per_second, p->seconds);
}

static void show_note(void *argument, const char *text)
{
    clear_line(argument);
    fprintf(stderr, "griddle: %s\n", text);
}

gd_status gd_engine_train(gd_command *command, const gd_config *config, const gd_device *device, const char *folder,
                          bool resume, const gd_team *team, gd_train_result *result, gd_error *error)
{
    const gd_comm *comm = team->comm;
    const bool tells = !comm || comm->rank == 0;
    gd_run_path staged = gd_run_file(folder, "staged.safetensors");
    display d = {.terminal = isatty(STDERR_FILENO) || getenv("GRIDDLE_TERMINAL")};
    gd_stop *stop = gd_stop_catch(!team->member); /* who has started several ends them */
    const gd_train_options options = {
        .config = config,
        .run = folder,
        .staged = staged.text,
        .resume = resume,
        .stop = &stop->signal,
        .progress = tells ? show_progress : NULL,
        .note = tells ? show_note : NULL,
        .argument = &d,
        .device = device,
        .comm = comm,
        .member = team->member,
    };
    gd_status status = gd_train(&options, result, error);
    clear_line(&d);
    if (status == GD_STOPPED) {
        int number = stop->signal;
        if (comm)
            GD_TRY(gd_engine_share_signal(comm, &number, error));
        command->exit_code = 128 + number;
    }
    if (status != GD_OK || !tells)
        return status;
    fprintf(stderr, "trained %d epoch%s in %.1f s%s", result->epochs, result->epochs == 1 ? "" : "s", result->seconds,
            result->stopped_early ? " (stopped early)" : "");
    if (result->best_epoch)
        fprintf(stderr, "; best: epoch %d, validation accuracy %.4f", result->best_epoch, result->best_accuracy);
    fprintf(stderr, "; %s\n", gd_run_file(folder, "model.safetensors").text);
    return GD_OK;
}

/* Writes the resolved config into the run, unless it resumes one. */
static gd_status keep_config(const gd_config *config, const char *folder, gd_error *error)
{
    gd_text text = {0};
    gd_status status = gd_config_print(config, &text);
    if (status == GD_OK)
        status = gd_file_write(gd_run_file(folder, "config.yaml").text, text.at, text.length, error);
    gd_text_release(&text);
    return status;
}

void gd_engine_print_result(const char *folder, const gd_train_result *result)
{
    gd_text text = {0};
    gd_text_add(&text, "{\"run\":");
    gd_text_add_json(&text, folder);
    gd_text_add(&text,
                ",\"epochs\":%d,\"stopped_early\":%s,\"best_epoch\":%d,\"validation_accuracy\":%.9g,"
                "\"train_accuracy\":%.9g,\"train_loss\":%.9g,\"seconds\":%.3f}\n",
                result->epochs, result->stopped_early ? "true" : "false", result->best_epoch, result->best_accuracy,
                result->train_accuracy, result->train_loss, result->seconds);
    if (text.at)
        fputs(text.at, stdout);
    gd_text_release(&text);
}

gd_status gd_engine_begin_run(gd_command *command, const gd_config *config, const gd_engine_path *folder, bool leads,
                              gd_error *error)
{
    const bool resume = gd_command_has(command, "--resume");
    const gd_run_path checkpoint = gd_run_file(folder->text, "checkpoint.safetensors");
    GD_TRY(leads ? gd_engine_take_folder(folder, error) : gd_folder_make(folder->text, error));
    if (!resume && gd_file_exists(checkpoint.text))
        return gd_fail(error, GD_INVALID, "'%s' holds a run already; go on with --resume, or name another --out",
                       folder->text);
    if (resume && leads && !gd_file_exists(checkpoint.text))
        fprintf(stderr, "no checkpoint in '%s': starting from the beginning\n", folder->text);
    GD_TRY(gd_engine_stage_run(command, command->word[0], config, folder->text, error));
    return leads ? keep_config(config, folder->text, error) : GD_OK;
}

/* What comes before training, on each rank. */
typedef struct preparation {
    gd_command *command;
    gd_team team;
    gd_config config;
    gd_engine_path folder;
} preparation;

static gd_status prepare(void *argument, gd_error *error)
{
    preparation *p = argument;
    GD_TRY(gd_engine_config(p->command, p->command->word[0], &p->config, error));
    if (gd_engine_was_launched())
        return GD_OK;
    return gd_engine_begin_run(p->command, &p->config, &p->folder, p->team.seat.rank == 0, error);
}

/* This process trains: alone, or as a rank. */
static gd_status train(gd_command *command, const gd_seat *seat, gd_error *error)
{
    gd_train_result result = {0};
    preparation p = {.command = command};
    const gd_device *device;
    gd_status status;
    gd_engine_find_folder(command, command->word[0], &p.folder);
    GD_TRY_TO(done, gd_engine_join(command, seat, p.folder.text, &p.team, &device, error));
    GD_TRY_TO(done, gd_engine_in_turn(&p.team, prepare, &p, error));
    GD_TRY_TO(done, gd_engine_train(command, &p.config, device, p.folder.text, gd_command_has(command, "--resume"),
                                    &p.team, &result, error));
    if (gd_command_has(command, "--json") && seat->rank == 0)
        gd_engine_print_result(p.folder.text, &result);
done:
    gd_engine_leave(command, &p.team, status, error);
    gd_config_release(&p.config);
    return status;
}

static gd_status run_train(gd_command *command, gd_error *error)
{
    gd_seat seat;
    int ranks, restarts;
    GD_TRY(gd_engine_seat(&seat, error));
    GD_TRY(gd_command_int(command, "--procs", 1, 4096, 1, &ranks, error));
    GD_TRY(gd_command_int(command, "--restarts", 0, 1000000, 0, &restarts, error));
    if (seat.starter == GD_STARTED_BY_SAGEMAKER) /* once on each host */
        return gd_engine_launch(command, &seat, gd_command_has(command, "--procs") ? ranks : 0, restarts, error);
    if (ranks == 1 && restarts == 0)
        return train(command, &seat, error);
    if (seat.ranks > 1)
        return gd_fail(error, GD_INVALID,
                       "%s has started this process, as rank %d of %d: --procs and --restarts are for a griddle that "
                       "starts ranks itself",
                       gd_starter_name(seat.starter), seat.rank, seat.ranks);
    return gd_engine_launch(command, &seat, ranks, restarts, error);
}

static const gd_option options[] = {
    GD_OPTION_SET,
    GD_OPTION_OUT,
    {"--resume", NULL, NULL, "go on from the checkpoint; only train.epochs may differ"},
    {"--procs", NULL, "N",
     "train with N processes on this machine: one per GPU, or shares of the CPU; default 1 (SageMaker's hosts: all "
     "GPUs)"},
    {"--restarts", NULL, "N", "when a process fails, go on from the checkpoint by itself, N times; default 0"},
    GD_OPTION_DEVICE,
    GD_OPTION_JSON,
    {0},
};

const gd_verb gd_verb_train = {
    "train",
    "CONFIG",
    1,
    1,
    "train a classifier; stages the data first if need be",
    "griddle train configs/fashion-mnist.yaml\n"
    "griddle train configs/scones.yaml --set train.epochs=40 --out runs/short\n"
    "griddle train configs/scones.yaml --out runs/short --resume\n"
    "griddle train configs/scones.yaml --procs 2 --restarts 3\n"
    "mpirun -n 8 griddle train configs/cifar10.yaml      srun, torchrun: docs/parallel.md\n",
    options,
    run_train,
};
