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

static const char prefix[] = "griddle-ranks-"; /* and the process, and six characters */

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *at)
{
    (void)info, (void)kind, (void)at;
    return remove(path) != 0 && errno != ENOENT;
}

static void remove_tree(const char *path) { nftw(path, remove_one, 8, FTW_DEPTH | FTW_PHYS); }

static void sweep(const char *place)
{
    DIR *folder = opendir(place);
    for (const struct dirent *entry; folder && (entry = readdir(folder));) {
        char path[512];
        const char *name = entry->d_name;
        if (strncmp(name, prefix, sizeof prefix - 1) != 0)
            continue;
        long process = strtol(name + sizeof prefix - 1, NULL, 10);
        if (process > 0 && kill((pid_t)process, 0) != 0 && errno == ESRCH) {
            snprintf(path, sizeof path, "%s/%s", place, name);
            remove_tree(path);
        }
    }
    if (folder)
        closedir(folder);
}

gd_status gd_scratch_make(gd_scratch *scratch, gd_error *error)
{
    const char *temporary = getenv("TMPDIR");
    const char *const places[] = {"/dev/shm", temporary && *temporary ? temporary : "/tmp"};
    for (int i = 0; i < 2; i++) {
        sweep(places[i]);
        int n = snprintf(scratch->path, sizeof scratch->path, "%s/%s%d.XXXXXX", places[i], prefix, (int)getpid());
        if (n < (int)sizeof scratch->path && mkdtemp(scratch->path))
            return GD_OK;
    }
    scratch->path[0] = '\0';
    return gd_fail(error, GD_IO, "cannot make a folder in '%s' or '%s': %s", places[0], places[1], strerror(errno));
}

void gd_scratch_remove(gd_scratch *scratch)
{
    if (scratch->path[0])
        remove_tree(scratch->path);
    scratch->path[0] = '\0';
}
