// SPDX-License-Identifier: Apache-2.0
#include "cli/engine.h"

#include "base/file.h"
#include "data/cache.h"
#include "train/checkpoint.h"
#include "train/run.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

gd_status gd_engine_config(gd_command *command, const char *path, gd_config *config, gd_error *error)
{
    const char *const *set;
    int n_set;
    GD_TRY(gd_command_values(command, "--set", &set, &n_set, error));
    GD_TRY(gd_config_read(path, set, n_set, config, error));
    return gd_build_check(config, error);
}

/* `more` settings, then the command's own. */
static gd_status read_settings(gd_command *command, const char *const *more, const char *const **set, int *n,
                               gd_error *error)
{
    const char *const *own;
    int n_own, n_more = 0;
    GD_TRY(gd_command_values(command, "--set", &own, &n_own, error));
    while (more && more[n_more])
        n_more++;
    const char **all = gd_arena_alloc(&command->arena, (size_t)(n_more + n_own) + 1, sizeof *all);
    if (!all)
        return gd_fail(error, GD_NOMEM, "out of memory for a command line");
    for (int i = 0; i < n_more + n_own; i++)
        all[i] = i < n_more ? more[i] : own[i - n_more];
    *set = all;
    *n = n_more + n_own;
    return GD_OK;
}

void gd_engine_find_folder(const gd_command *command, const char *config_path, gd_engine_path *folder)
{
    const char *out = gd_command_option(command, "--out");
    if (out) {
        snprintf(folder->text, sizeof folder->text, "%s", out);
    } else {
        char copy[4096];
        if (!realpath(config_path, copy)) /* "." has a name, too */
            snprintf(copy, sizeof copy, "%s", config_path);
        char *name = basename(copy), *dot = strrchr(name, '.');
        if (dot && dot != name)
            *dot = '\0';
        snprintf(folder->text, sizeof folder->text, "runs/%s", name);
    }
}

gd_status gd_engine_take_folder(const gd_engine_path *folder, gd_error *error)
{
    GD_TRY(gd_folder_make(folder->text, error));
    /* open, and locked, as long as the process lives */
    int run = open(folder->text, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (run >= 0 && flock(run, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
        close(run);
        return gd_fail(error, GD_IO, "'%s' is in use by another griddle", folder->text);
    }
    return GD_OK;
}

gd_status gd_engine_device(const gd_command *command, const gd_device **device, gd_error *error)
{
    const char *name = gd_command_option(command, "--device");
    const bool automatic = !name || strcmp(name, "auto") == 0;
    const gd_device *cuda;
    gd_error reason = {0};
    *device = &gd_device_cpu;
    if (name && strcmp(name, "cpu") == 0)
        return GD_OK;
    if (!automatic && strcmp(name, "cuda") != 0)
        return gd_command_unknown("device", name, (const char *const[]){"auto", "cpu", "cuda"}, 3, error);
    gd_status status = gd_device_open_cuda(&cuda, &reason);
    if (status == GD_OK)
        *device = cuda;
    else if (!automatic)
        return gd_fail(error, status, "%s; use --device cpu", reason.message);
    else if (status == GD_DEVICE) /* something is wrong here; UNSUPPORTED is a machine like many others */
        fprintf(stderr, "griddle: %s; computing on the CPU\n", reason.message);
    return GD_OK;
}

gd_status gd_engine_find_program(const char *name, gd_engine_path *path, gd_error *error)
{
    ssize_t length = readlink("/proc/self/exe", path->text, sizeof path->text - 1);
    if (length < 0)
        return gd_fail(error, GD_IO, "cannot find '%s': %s", name, strerror(errno));
    path->text[length] = '\0';
    char *slash = strrchr(path->text, '/');
    snprintf(slash + 1, sizeof path->text - (size_t)(slash + 1 - path->text), "%s", name);
    return GD_OK;
}

/* Starts griddle-stage and waits. What it complains of it says itself: its exit code becomes the command's. */
static gd_status run_stage(gd_command *command, const char *config_path, const char *staged, const char *const *set,
                           int n_set, gd_error *error)
{
    gd_engine_path program;
    int n = 0, code;
    GD_TRY(gd_engine_find_program("griddle-stage", &program, error));
    const char **argument = gd_arena_alloc(&command->arena, 6 + 2 * (size_t)n_set, sizeof *argument);
    if (!argument)
        return gd_fail(error, GD_NOMEM, "out of memory for a command line");
    argument[n++] = "griddle-stage";
    argument[n++] = "stage";
    argument[n++] = config_path;
    argument[n++] = "--out";
    argument[n++] = staged;
    for (int i = 0; i < n_set; i++) {
        argument[n++] = "--set";
        argument[n++] = set[i];
    }
    argument[n] = NULL;
    pid_t child = fork();
    if (child < 0)
        return gd_fail(error, GD_IO, "cannot start '%s': %s", program.text, strerror(errno));
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGTERM);   /* a stop that reaches this process alone is for both */
        dup2(STDERR_FILENO, STDOUT_FILENO); /* standard output is the caller's */
        execv(program.text, (char **)argument);
        fprintf(stderr, "griddle: cannot start '%s': %s\n", program.text, strerror(errno));
        _exit(1);
    }
    while (waitpid(child, &code, 0) < 0 && errno == EINTR)
        ;
    if (!WIFEXITED(code))
        return gd_fail(error, GD_IO, "staging '%s' was ended by signal %d", config_path, WTERMSIG(code));
    command->exit_code = WEXITSTATUS(code);
    return command->exit_code ? GD_IO : GD_OK;
}

/* A staging and the settings that it comes of. */
typedef struct stage_words {
    const char *const *set;
    int n_set;
    gd_staging staging;
} stage_words;

static gd_status find_staging(gd_command *command, const char *config_path, const char *const *more, const char *out,
                              stage_words *words, gd_error *error)
{
    gd_config config = {0};
    gd_status status;
    GD_TRY(read_settings(command, more, &words->set, &words->n_set, error));
    GD_TRY_TO(done, gd_config_read(config_path, words->set, words->n_set, &config, error));
    status = gd_staging_find(&config, out, &command->arena, &words->staging, error);
done:
    gd_config_release(&config);
    return status;
}

gd_status gd_engine_stage(gd_command *command, const char *config_path, const char *const *more, const char *out,
                          gd_engine_path *staged, gd_error *error)
{
    stage_words words;
    GD_TRY(find_staging(command, config_path, more, out, &words, error));
    const gd_staging *staging = &words.staging;
    snprintf(staged->text, sizeof staged->text, "%s", staging->staged);
    if (gd_staged_current(staging->staged, staging->settings))
        return GD_OK;
    /* Where the cache has it, it is linked into the run, and curl and libarchive need not be loaded. */
    if (gd_staged_current(staging->cached, staging->settings) && link(staging->cached, staging->staged) == 0)
        return GD_OK;
    return run_stage(command, config_path, staging->staged, words.set, words.n_set, error);
}

/* Whether a set is the one that a run was begun with. */
static gd_status check_images(const char *checkpoint, const gd_config *config, const char *staged, gd_error *error)
{
    gd_staged set = {0};
    char images[GD_STAGED_TEXT];
    gd_status status = gd_staged_open(staged, GD_OPEN_TRAIN, &set, error);
    if (status == GD_OK)
        status = gd_checkpoint_check(checkpoint, config, gd_staged_describe(&set, images), error);
    gd_staged_close(&set);
    return status;
}

gd_status gd_engine_stage_run(gd_command *command, const char *config_path, const gd_config *config, const char *folder,
                              gd_error *error)
{
    const gd_run_path checkpoint = gd_run_file(folder, "checkpoint.safetensors"),
                      staged = gd_run_file(folder, "staged.safetensors"),
                      fresh = gd_run_file(folder, "staged.new.safetensors");
    gd_engine_path path;
    stage_words words;
    if (!gd_file_exists(checkpoint.text))
        return gd_engine_stage(command, config_path, NULL, staged.text, &path, error);
    GD_TRY(gd_checkpoint_check(checkpoint.text, config, NULL, error));
    GD_TRY(find_staging(command, config_path, NULL, staged.text, &words, error));
    if (gd_staged_current(staged.text, words.staging.settings))
        return GD_OK;
    GD_TRY(gd_engine_stage(command, config_path, NULL, fresh.text, &path, error));
    gd_status status = check_images(checkpoint.text, config, fresh.text, error);
    if (status == GD_OK && rename(fresh.text, staged.text) != 0)
        status = gd_fail(error, GD_IO, "cannot replace '%s': %s", staged.text, strerror(errno));
    if (status != GD_OK)
        remove(fresh.text);
    return status;
}
