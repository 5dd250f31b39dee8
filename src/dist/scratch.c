// SPDX-License-Identifier: Apache-2.0
#include "dist/scratch.h"

#include <dirent.h>
#include <errno.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *at)
{
    (void)info, (void)kind, (void)at;
    return remove(path) != 0 && errno != ENOENT;
}

static void remove_tree(const char *path) { nftw(path, remove_one, 8, FTW_DEPTH | FTW_PHYS); }

static void sweep(const char *place, const char *prefix)
{
    const size_t n = strlen(prefix);
    DIR *folder = opendir(place);
    for (const struct dirent *entry; folder && (entry = readdir(folder));) {
        char path[512];
        const char *name = entry->d_name;
        if (strncmp(name, prefix, n) != 0 || name[n] != '-')
            continue;
        long process = strtol(name + n + 1, NULL, 10);
        if (process > 0 && kill((pid_t)process, 0) != 0 && errno == ESRCH) {
            snprintf(path, sizeof path, "%s/%s", place, name);
            remove_tree(path);
        }
    }
    if (folder)
        closedir(folder);
}

gd_status gd_scratch_make(gd_scratch *scratch, const char *prefix, bool in_memory, gd_error *error)
{
    const char *temporary = getenv("TMPDIR");
    const char *const places[] = {"/dev/shm", temporary && *temporary ? temporary : "/tmp"};
    for (int i = in_memory ? 0 : 1; i < 2; i++) {
        sweep(places[i], prefix);
        int n = snprintf(scratch->path, sizeof scratch->path, "%s/%s-%d.XXXXXX", places[i], prefix, (int)getpid());
        if (n < (int)sizeof scratch->path && mkdtemp(scratch->path))
            return GD_OK;
    }
    scratch->path[0] = '\0';
    return gd_fail(error, GD_IO, "cannot make a folder in '%s'%s: %s", places[1], in_memory ? " or '/dev/shm'" : "",
                   strerror(errno));
}

void gd_scratch_remove(gd_scratch *scratch)
{
    if (scratch->path[0])
        remove_tree(scratch->path);
    scratch->path[0] = '\0';
}
