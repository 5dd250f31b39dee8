// SPDX-License-Identifier: Apache-2.0
#include "watch/process.h"

#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

#define GRACE 0.5 /* seconds from SIGTERM to SIGKILL */

/* ---- what it gets ---- */

/* A file in memory that holds the text, to be read from its begin; -1: errno. */
static int input_file(const char *text)
{
    const int file = memfd_create("input", MFD_CLOEXEC);
    for (size_t length = strlen(text), n; file >= 0 && length > 0; text += n, length -= n) {
        const ssize_t written = write(file, text, length);
        if (written < 0 && errno != EINTR) {
            close(file);
            return -1;
        }
        n = written > 0 ? (size_t)written : 0;
    }
    if (file >= 0)
        lseek(file, 0, SEEK_SET);
    return file;
}

static bool same_name(const char *a, const char *b)
{
    const size_t length = strcspn(a, "=");
    return strncmp(a, b, length) == 0 && b[length] == '=';
}

/* Ours, then those of this process that have other names. To be freed; NULL: no memory. */
static const char **environment_of(const gd_process *process)
{
    size_t n = 0, own = 0;
    while (process->environment[own])
        own++;
    while (environ[n])
        n++;
    const char **all = calloc(own + n + 1, sizeof *all);
    if (!all)
        return NULL;
    memcpy(all, process->environment, own * sizeof *all);
    size_t count = own;
    for (size_t i = 0; i < n; i++) {
        bool replaced = false;
        for (size_t k = 0; k < own; k++)
            replaced |= same_name(all[k], environ[i]);
        if (!replaced)
            all[count++] = environ[i];
    }
    return all;
}

/* ---- its life ---- */

static int start(const gd_process *process, const char **environment, int input, pid_t *pid)
{
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_t files;
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_init(&attributes);
    posix_spawn_file_actions_init(&files);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawn_file_actions_adddup2(&files, input, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&files, STDERR_FILENO, STDOUT_FILENO);
    /* The prototype is of before const; nothing is written there. */
    const int reason = posix_spawn(pid, process->words[0], &files, &attributes, (char *const *)(void *)process->words,
                                   (char *const *)(void *)environment);
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attributes);
    return reason;
}

/* Whether it ended before `deadline`, or before it should stop. */
static bool await(pid_t pid, double deadline, const volatile int *stop, int *how)
{
    while (waitpid(pid, how, WNOHANG) == 0) {
        if (gd_seconds() >= deadline || (stop && *stop))
            return false;
        nanosleep(&(struct timespec){.tv_nsec = 10 * 1000 * 1000}, NULL);
    }
    return true;
}

static gd_status judge(const gd_process *process, int how, gd_error *error)
{
    if (WIFSIGNALED(how))
        return gd_fail(error, GD_IO, "it died of signal %d", WTERMSIG(how));
    if (WEXITSTATUS(how) != 0)
        return gd_fail(error, GD_IO, "'%s' ended with code %d", process->words[0], WEXITSTATUS(how));
    return GD_OK;
}

gd_status gd_process_run(const gd_process *process, gd_error *error)
{
    pid_t pid = 0;
    int how = 0;
    const char **environment = environment_of(process);
    const int input = input_file(process->input);
    const int reason = !environment ? ENOMEM : input < 0 ? errno : start(process, environment, input, &pid);
    free(environment);
    if (input >= 0)
        close(input);
    if (reason != 0)
        return gd_fail(error, GD_IO, "cannot start '%s': %s", process->words[0], strerror(reason));
    if (await(pid, gd_seconds() + process->seconds, process->stop, &how))
        return judge(process, how, error);

    const bool stopped = process->stop && *process->stop;
    kill(-pid, SIGTERM);
    const bool ended = await(pid, gd_seconds() + GRACE, NULL, &how);
    kill(-pid, SIGKILL); /* those of its group that are left, too */
    if (!ended)
        waitpid(pid, &how, 0);
    return stopped ? gd_fail(error, GD_STOPPED, "stopped")
                   : gd_fail(error, GD_IO, "'%s' took longer than %g s", process->words[0], process->seconds);
}
