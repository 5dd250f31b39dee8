// SPDX-License-Identifier: Apache-2.0
#include "base/file.h"
#include "serve/capture_files.h"
#include "serve/lines.h"
#include "serve/name.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct path {
    char text[4096];
} path;

static bool join(path *to, const char *folder, const char *name)
{
    return (size_t)snprintf(to->text, sizeof to->text, "%s/%s", folder, name) < sizeof to->text;
}

static bool ends_whole(int file)
{
    struct stat info;
    char last;
    return fstat(file, &info) != 0 || !S_ISREG(info.st_mode) || info.st_size == 0 ||
           pread(file, &last, 1, info.st_size - 1) != 1 || last == '\n';
}

static void mend_file(const char *at)
{
    const int file = open(at, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (file < 0)
        return;
    if (!ends_whole(file) && flock(file, LOCK_EX | LOCK_NB) == 0) { /* who writes it holds the lock */
        const long long cut = gd_lines_mend(file);
        if (cut < 0)
            fprintf(stderr, "griddle: cannot cut a half line off '%s': %s\n", at, strerror(errno));
        else if (cut > 0)
            fprintf(stderr, "griddle: cut a half line of %lld bytes off '%s', which a killed process left\n", cut, at);
    }
    close(file);
}

static void mend_hour(const char *folder)
{
    DIR *all = opendir(folder);
    if (!all)
        return;
    for (const struct dirent *entry; (entry = readdir(all));) {
        const char *suffix = strrchr(entry->d_name, '.');
        path at;
        if (suffix && strcmp(suffix, ".jsonl") == 0 && join(&at, folder, entry->d_name))
            mend_file(at.text);
    }
    closedir(all);
}

/* The two newest of a folder's years, months, days or hours: a process has files of at most two hours open, and those
 * may lie on either side of midnight or New Year. */
static void mend_newest(const char *folder, int levels)
{
    if (levels == 0) {
        mend_hour(folder);
        return;
    }
    char newest[2][8] = {"", ""};
    DIR *all = opendir(folder);
    if (!all)
        return;
    for (const struct dirent *entry; (entry = readdir(all));) {
        const char *name = entry->d_name;
        const size_t length = strlen(name);
        if (length >= sizeof newest[0] || strspn(name, "0123456789") != length || strcmp(name, newest[1]) <= 0)
            continue;
        const int place = strcmp(name, newest[0]) <= 0;
        if (place == 0)
            memcpy(newest[1], newest[0], sizeof newest[1]);
        memcpy(newest[place], name, length + 1);
    }
    closedir(all);
    for (int i = 0; i < 2 && newest[i][0]; i++) {
        path below;
        if (join(&below, folder, newest[i]))
            mend_newest(below.text, levels - 1);
    }
}

/* Goes through the folders whose names are an endpoint's or a variant's. */
static void mend_names(const char *folder, int levels)
{
    if (levels == 0) {
        mend_newest(folder, 4);
        return;
    }
    DIR *all = opendir(folder);
    if (!all)
        return;
    for (const struct dirent *entry; (entry = readdir(all));) {
        path below;
        if (gd_name_is_good(entry->d_name) && join(&below, folder, entry->d_name))
            mend_names(below.text, levels - 1);
    }
    closedir(all);
}

void gd_capture_mend(const char *folder) { mend_names(folder, 2); }
