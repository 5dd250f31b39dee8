// SPDX-License-Identifier: Apache-2.0
#include "cli/engine.h"

#include "base/file.h"
#include "data/cache.h"

#include <errno.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

gd_status gd_engine_config(gd_command *command, const char *path, gd_config *config, gd_error *error)
{
    const char *const *set;
    int n_set;
    GD_TRY(gd_command_values(command, "--set", &set, &n_set, error));
    return gd_config_read(path, set, n_set, config, error);
}

gd_status gd_engine_folder(const gd_command *command, const char *config_path, gd_engine_path *folder, gd_error *error)
{
    const char *out = gd_command_option(command, "--out");
    if (out) {
        snprintf(folder->text, sizeof folder->text, "%s", out);
    } else {
        char copy[4096];
        snprintf(copy, sizeof copy, "%s", config_path);
        char *name = basename(copy), *dot = strrchr(name, '.');
        if (dot && dot != name)
            *dot = '\0';
        snprintf(folder->text, sizeof folder->text, "runs/%s", name);
    }
    return gd_folder_make(folder->text, error);
}

gd_status gd_engine_device(const gd_command *command, gd_error *error)
{
    const char *device = gd_command_option(command, "--device");
    if (!device || strcmp(device, "auto") == 0 || strcmp(device, "cpu") == 0)
        return GD_OK;
    if (strcmp(device, "cuda") == 0)
        return gd_fail(error, GD_INVALID, "--device cuda is not there yet; use --device cpu");
    return gd_command_unknown("device", device, (const char *const[]){"auto", "cpu", "cuda"}, 3, error);
}

/* The program beside this one. */
static gd_status find_sibling(const char *name, gd_engine_path *path, gd_error *error)
{
    ssize_t length = readlink("/proc/self/exe", path->text, sizeof path->text - 1);
    if (length < 0)
        return gd_fail(error, GD_IO, "cannot find '%s': %s", name, strerror(errno));
    path->text[length] = '\0';
    char *slash = strrchr(path->text, '/');
    snprintf(slash + 1, sizeof path->text - (size_t)(slash + 1 - path->text), "%s", name);
    return GD_OK;
}

/* Whether there is nothing to do, or nothing but to link the cache's set into the run, so that curl and libarchive need
 * not be loaded. Whatever is wrong is griddle-stage's to complain of. */
static bool is_staged(gd_command *command, const char *config_path, const char *staged)
{
    gd_config config = {0};
    gd_arena arena = {0};
    gd_staging staging;
    bool current = gd_engine_config(command, config_path, &config, NULL) == GD_OK &&
                   gd_staging_find(&config, staged, &arena, &staging, NULL) == GD_OK &&
                   (gd_staged_current(staging.staged, staging.settings) ||
                    (gd_staged_current(staging.cached, staging.settings) && link(staging.cached, staging.staged) == 0));
    gd_arena_release(&arena);
    gd_config_release(&config);
    return current;
}

gd_status gd_engine_stage(gd_command *command, const char *config_path, const char *staged, gd_error *error)
{
    gd_engine_path program;
    if (is_staged(command, config_path, staged))
        return GD_OK;
    const char *const *set;
    int n_set, n = 0;
    GD_TRY(find_sibling("griddle-stage", &program, error));
    GD_TRY(gd_command_values(command, "--set", &set, &n_set, error));
    const char **argument = gd_arena_alloc(&command->arena, 6 + 2 * (size_t)n_set, sizeof *argument);
    if (!argument)
        return gd_fail(error, GD_NOMEM, "out of memory for a command line");
    argument[n++] = "griddle-stage";
    argument[n++] = "stage";
    argument[n++] = config_path;
    if (staged) {
        argument[n++] = "--out";
        argument[n++] = staged;
    }
    for (int i = 0; i < n_set; i++) {
        argument[n++] = "--set";
        argument[n++] = set[i];
    }
    pid_t child = fork();
    if (child < 0)
        return gd_fail(error, GD_IO, "cannot start '%s': %s", program.text, strerror(errno));
    if (child == 0) {
        dup2(STDERR_FILENO, STDOUT_FILENO); /* standard output is the caller's */
        execv(program.text, (char **)argument);
        _exit(127);
    }
    int code;
    while (waitpid(child, &code, 0) < 0 && errno == EINTR)
        ;
    if (WIFEXITED(code) && WEXITSTATUS(code) == 0)
        return GD_OK;
    bool config_fault = WIFEXITED(code) && WEXITSTATUS(code) == 2;
    return gd_fail(error, config_fault ? GD_INVALID : GD_IO, "staging '%s' failed; why stands above", config_path);
}
