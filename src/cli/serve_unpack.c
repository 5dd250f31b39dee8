// SPDX-License-Identifier: Apache-2.0
#include "cli/serve_unpack.h"

#include "base/file.h"
#include "serve/place.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* Beside this program. */
static gd_status find_stage(char *path, size_t bytes, gd_error *error)
{
    const ssize_t n = readlink("/proc/self/exe", path, bytes - 1);
    path[n > 0 ? n : 0] = '\0';
    char *slash = strrchr(path, '/');
    const size_t left = slash ? bytes - (size_t)(slash + 1 - path) : 0;
    if (!slash || snprintf(slash + 1, left, "griddle-stage") >= (int)left || access(path, X_OK) != 0)
        return gd_fail(error, GD_IO, "no program 'griddle-stage' beside this one: the installation is not whole");
    return GD_OK;
}

static void become(const char *program, const char *archive, const char *folder, int complaints)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    dup2(complaints, STDERR_FILENO);
    execl(program, "griddle-stage", "unpack", archive, folder, (char *)NULL);
    fprintf(stderr, "griddle: cannot start '%s': %s\n", program, strerror(errno));
    _exit(1);
}

/* The first line of what it says, without "griddle: " in front. */
static void hear(int complaints, char *text, size_t bytes)
{
    static const char self[] = "griddle: ";
    size_t length = 0;
    char rest[256];
    for (;;) {
        const bool full = length + 1 >= bytes;
        const ssize_t n = read(complaints, full ? rest : text + length, full ? sizeof rest : bytes - 1 - length);
        if (n == 0 || (n < 0 && errno != EINTR))
            break;
        length += full || n < 0 ? 0 : (size_t)n;
    }
    text[length] = '\0';
    text[strcspn(text, "\n")] = '\0';
    if (strncmp(text, self, sizeof self - 1) == 0)
        memmove(text, text + sizeof self - 1, strlen(text + sizeof self - 1) + 1);
}

static gd_status unpack(const char *archive, const char *folder, gd_error *error)
{
    char program[PATH_MAX], text[512];
    int ends[2], code = 0;
    GD_TRY(find_stage(program, sizeof program, error));
    if (pipe(ends) != 0)
        return gd_fail(error, GD_IO, "cannot make a pipe: %s", strerror(errno));
    const pid_t child = fork();
    const int reason = errno;
    if (child == 0)
        become(program, archive, folder, ends[1]);
    close(ends[1]);
    if (child > 0)
        hear(ends[0], text, sizeof text);
    close(ends[0]);
    if (child < 0)
        return gd_fail(error, GD_IO, "cannot start '%s': %s", program, strerror(reason));
    while (waitpid(child, &code, 0) < 0 && errno == EINTR)
        ;
    if (!WIFEXITED(code))
        return gd_fail(error, GD_IO, "unpacking '%s' was ended by signal %d", archive, WTERMSIG(code));
    return WEXITSTATUS(code) == 0 ? GD_OK : gd_fail(error, GD_IO, "%s", text);
}

gd_status gd_serve_unpack(const char *archive, const char *name, gd_scratch *scratch, char *path, size_t bytes,
                          gd_error *error)
{
    char folder[512];
    if (!scratch->path[0])
        GD_TRY(gd_scratch_make(scratch, "griddle-serve", false, error));
    snprintf(folder, sizeof folder, "%s/%s", scratch->path, name);
    GD_TRY(gd_folder_make(folder, error));
    GD_TRY(unpack(archive, folder, error));
    return gd_model_place(folder, NULL, path, bytes, error);
}
