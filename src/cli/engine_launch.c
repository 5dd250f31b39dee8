// SPDX-License-Identifier: Apache-2.0
/* griddle train --procs N: what is done once for all ranks, and their command line. */
#include "cli/engine.h"
#include "cli/engine_ranks.h"
#include "dist/launch.h"
#include "train/run.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Asked in a process of its own: who opens a card keeps some of its memory. */
static gd_status find_device(gd_command *command, bool *gpu, gd_error *error)
{
    enum { CPU = 0, GPU = 3 };
    const gd_device *device;
    int how = 0;
    const pid_t child = fork();
    if (child == 0) {
        gd_error complaint = {0};
        gd_status status = gd_engine_device(command, &device, &complaint);
        if (status != GD_OK) {
            gd_command_complain(&complaint);
            _exit(gd_status_exit_code(status));
        }
        _exit(device->kind == GD_CPU ? CPU : GPU);
    }
    while (child > 0 && waitpid(child, &how, 0) < 0 && errno == EINTR)
        ;
    if (child < 0 || !WIFEXITED(how))
        return gd_fail(error, GD_DEVICE, "the device could not be looked at; use --device cpu");
    *gpu = WEXITSTATUS(how) == GPU;
    if (*gpu || WEXITSTATUS(how) == CPU)
        return GD_OK;
    command->exit_code = WEXITSTATUS(how); /* it has said why */
    return GD_DEVICE;
}

static gd_status check_ranks(const gd_config *config, const char *folder, int ranks, int *groups, gd_error *error)
{
    gd_staged staged = {0};
    gd_status status;
    GD_TRY_TO(done, gd_staged_open(gd_run_file(folder, "staged.safetensors").text, GD_OPEN_TRAIN, &staged, error));
    const gd_build_input input = gd_build_input_of(&staged);
    status = gd_train_check_ranks(config, &input, ranks, groups, error);
done:
    gd_staged_close(&staged);
    return status;
}

/* The command line of a rank: this one, without what is the launcher's. */
static gd_status make_command(gd_command *command, const char *folder, bool resume, const char ***made, gd_error *error)
{
    static const char *const passed[] = {"--device"};
    const char *const *set;
    int n_set, n = 0;
    gd_engine_path program;
    GD_TRY(gd_engine_find_program("griddle-engine", &program, error));
    GD_TRY(gd_command_values(command, "--set", &set, &n_set, error));
    const char **words = gd_arena_alloc(&command->arena, 16 + 2 * (size_t)n_set, sizeof *words);
    if (!words || !(words[n++] = gd_arena_text(&command->arena, program.text)))
        return gd_fail(error, GD_NOMEM, "out of memory for a command line");
    words[n++] = "train";
    words[n++] = "--out";
    words[n++] = folder;
    for (int i = 0; i < n_set; i++) {
        words[n++] = "--set";
        words[n++] = set[i];
    }
    for (size_t i = 0; i < sizeof passed / sizeof *passed; i++) {
        if (gd_command_has(command, passed[i])) {
            words[n++] = passed[i];
            words[n++] = gd_command_option(command, passed[i]);
        }
    }
    if (gd_command_has(command, "--json"))
        words[n++] = "--json";
    if (resume)
        words[n++] = "--resume";
    words[n++] = "--";
    words[n++] = command->word[0];
    *made = words;
    return GD_OK;
}

static void log_line(const char *folder, const char *text) { gd_run_log(folder, "%s", text); }

static void note(const char *folder, const char *text)
{
    log_line(folder, text);
    fprintf(stderr, "griddle: %s\n", text);
}

gd_status gd_engine_launch(gd_command *command, int ranks, int restarts, gd_error *error)
{
    const char **first = NULL, **resumed = NULL;
    gd_config config = {0};
    gd_engine_path folder;
    gd_status status;
    bool gpu = false;
    GD_TRY(find_device(command, &gpu, error));
    GD_TRY_TO(done, gd_engine_config(command, command->word[0], &config, error));
    gd_engine_find_folder(command, command->word[0], &folder);
    GD_TRY_TO(done, gd_engine_begin_run(command, &config, &folder, true, error));
    gd_run_path checkpoint = gd_run_file(folder.text, "checkpoint.safetensors");
    gd_stop *stop = gd_stop_catch(false);
    gd_launch_options options = {
        .checkpoint = checkpoint.text,
        .folder = folder.text,
        .mpi = !gpu,
        .ranks = ranks,
        .restarts = restarts,
        .stop = &stop->signal,
        .stops = &stop->count,
        .note = note,
        .log = log_line,
    };
    GD_TRY_TO(done, check_ranks(&config, folder.text, ranks, &options.groups, error));
    GD_TRY_TO(done, make_command(command, folder.text, gd_command_has(command, "--resume"), &first, error));
    GD_TRY_TO(done, make_command(command, folder.text, true, &resumed, error));
    options.command = first;
    options.resumed = resumed;
    if (isatty(STDERR_FILENO))
        setenv("GRIDDLE_TERMINAL", "1", true); /* for rank 0, whose standard error may be a pipe to here */
    status = gd_launch(&options, &command->exit_code, error);
    if (status != GD_OK)
        gd_run_log(folder.text, "ended: %s", error->message);
done:
    gd_config_release(&config);
    return status;
}
