// SPDX-License-Identifier: Apache-2.0
#include "serve/place.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char MODEL[] = "model.safetensors", ARCHIVE[] = "model.tar.gz", ENDING[] = ".safetensors";

static bool ends_in(const char *name, const char *ending)
{
    const size_t n = strlen(name), m = strlen(ending);
    return n > m && strcmp(name + n - m, ending) == 0;
}

bool gd_model_is_archive(const char *path) { return ends_in(path, ".tar.gz") || ends_in(path, ".tgz"); }

/* The one file of a folder that may be a model, or else an archive of one. */
static gd_status find_only(const char *folder, char *path, size_t bytes, gd_error *error)
{
    int n = 0;
    DIR *at = opendir(folder);
    if (!at)
        return gd_fail(error, GD_IO, "cannot read folder '%s': %s", folder, strerror(errno));
    for (struct dirent *entry; (entry = readdir(at));) {
        if (ends_in(entry->d_name, ENDING) && n++ == 0)
            snprintf(path, bytes, "%s/%s", folder, entry->d_name);
    }
    closedir(at);
    if (n == 0)
        snprintf(path, bytes, "%s/%s", folder, ARCHIVE);
    if (n == 1 || (n == 0 && access(path, F_OK) == 0))
        return GD_OK;
    return gd_fail(error, GD_IO, "folder '%s' has neither %s nor %s, and %d other files *%s; name the one to serve",
                   folder, MODEL, ARCHIVE, n, ENDING);
}

static gd_status find_file(const char *word, char *path, size_t bytes, gd_error *error)
{
    struct stat at;
    if (stat(word, &at) != 0)
        return gd_fail(error, GD_IO, "cannot read '%s': %s", word, strerror(errno));
    const int length =
        S_ISDIR(at.st_mode) ? snprintf(path, bytes, "%s/%s", word, MODEL) : snprintf(path, bytes, "%s", word);
    if (length < 0 || (size_t)length >= bytes)
        return gd_fail(error, GD_INVALID, "a path of %d characters is too long", length);
    return !S_ISDIR(at.st_mode) || access(path, F_OK) == 0 ? GD_OK : find_only(word, path, bytes, error);
}

gd_status gd_model_place(const char *word, const char *below, char *path, size_t bytes, gd_error *error)
{
    char real[PATH_MAX], real_below[PATH_MAX];
    if (!below)
        return find_file(word, path, bytes, error);
    const size_t n = realpath(below, real_below) ? strlen(real_below) : 0;
    if (n == 0)
        return gd_fail(error, GD_IO, "cannot read folder '%s': %s", below, strerror(errno));
    if (!realpath(word, real) || strncmp(real, real_below, n) != 0 || (n > 1 && real[n] != '/' && real[n] != '\0'))
        return gd_fail(error, GD_IO, "no model at '%.200s': it is to be in '%s'", word, below);
    GD_TRY(find_file(real, path, bytes, error));
    if (!realpath(path, real) || strncmp(real, real_below, n) != 0) /* a link in the folder that leads out of it */
        return gd_fail(error, GD_IO, "no model at '%.200s': it is to be in '%s'", word, below);
    if (gd_model_is_archive(path))
        return gd_fail(error, GD_FORMAT, "'%.200s' is an archive, which is unpacked for the command line alone", word);
    return GD_OK;
}
