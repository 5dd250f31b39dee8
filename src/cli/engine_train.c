// SPDX-License-Identifier: Apache-2.0
/* griddle train: stages if need be, trains, shows how it goes. */
#include "base/file.h"
#include "base/text.h"
#include "cli/engine.h"
#include "cli/engine_ranks.h"
#include "train/run.h"
#include "train/train.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* ---- signals: the step is finished, the checkpoint saved ---- */

static volatile sig_atomic_t stop_signal; /* the only way in from a handler */

static void on_signal(int number)
{
    if (stop_signal)
        _exit(128 + number); /* a second one will not wait */
    stop_signal = number;
}

static void catch_signals(void)
{
    struct sigaction action = {.sa_handler = on_signal};
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    struct sigaction hangup;
    if (sigaction(SIGHUP, NULL, &hangup) == 0 && hangup.sa_handler != SIG_IGN) /* nohup's wish is kept */
        sigaction(SIGHUP, &action, NULL);
}

/* ---- progress ---- */

typedef struct display {
    bool terminal, silent;
    double last; /* seconds, of the last line on a terminal */
    int width;
} display;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

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
        if (d->terminal && now() - d->last > 0.1) {
            d->last = now();
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
                          bool resume, const gd_comm *comm, gd_train_result *result, gd_error *error)
{
    const bool tells = !comm || comm->rank == 0;
    gd_run_path staged = gd_run_file(folder, "staged.safetensors");
    display d = {.terminal = isatty(STDERR_FILENO)};
    catch_signals();
    const gd_train_options options = {
        .config = config,
        .run = folder,
        .staged = staged.text,
        .resume = resume,
        .stop = &stop_signal,
        .progress = tells ? show_progress : NULL,
        .note = tells ? show_note : NULL,
        .argument = &d,
        .device = device,
        .comm = comm,
    };
    gd_status status = gd_train(&options, result, error);
    clear_line(&d);
    if (status == GD_STOPPED) {
        int number = stop_signal;
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

/* What comes before training, on each rank. */
typedef struct preparation {
    gd_command *command;
    const gd_comm *comm;
    const gd_device *device;
    gd_config config;
    gd_engine_path folder;
} preparation;

static gd_status prepare(void *argument, gd_error *error)
{
    preparation *p = argument;
    gd_command *command = p->command;
    const bool resume = gd_command_has(command, "--resume"), leads = !p->comm || p->comm->rank == 0;
    GD_TRY(gd_engine_device(command, &p->device, error));
    if (p->comm && p->comm->ranks > 1 && !p->device->is_host)
        return gd_fail(error, GD_INVALID, "several ranks compute on the CPU alone: add --device cpu");
    GD_TRY(gd_engine_config(command, command->word[0], &p->config, error));
    gd_engine_find_folder(command, command->word[0], &p->folder);
    GD_TRY(leads ? gd_engine_take_folder(&p->folder, error) : gd_folder_make(p->folder.text, error));
    gd_run_path checkpoint = gd_run_file(p->folder.text, "checkpoint.safetensors");
    if (!resume && gd_file_exists(checkpoint.text))
        return gd_fail(error, GD_INVALID, "'%s' holds a run already; go on with --resume, or name another --out",
                       p->folder.text);
    if (resume && leads && !gd_file_exists(checkpoint.text))
        fprintf(stderr, "no checkpoint in '%s': starting from the beginning\n", p->folder.text);
    GD_TRY(gd_engine_stage_run(command, command->word[0], &p->config, p->folder.text, error));
    return leads ? keep_config(&p->config, p->folder.text, error) : GD_OK;
}

static gd_status run_train(gd_command *command, gd_error *error)
{
    gd_train_result result = {0};
    preparation p = {.command = command};
    gd_status status;
    GD_TRY(gd_engine_join(&p.comm, error));
    GD_TRY_TO(done, gd_engine_in_turn(p.comm, prepare, &p, error));
    GD_TRY_TO(done, gd_engine_train(command, &p.config, p.device, p.folder.text, gd_command_has(command, "--resume"),
                                    p.comm, &result, error));
    if (gd_command_has(command, "--json") && (!p.comm || p.comm->rank == 0))
        gd_engine_print_result(p.folder.text, &result);
done:
    gd_engine_leave(command, p.comm, status, error);
    gd_config_release(&p.config);
    return status;
}

static const gd_option options[] = {
    GD_OPTION_SET,
    GD_OPTION_OUT,
    {"--resume", NULL, NULL, "go on from the checkpoint; only train.epochs may differ"},
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
    "griddle train configs/scones.yaml --out runs/short --resume\n",
    options,
    run_train,
};
