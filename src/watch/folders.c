// SPDX-License-Identifier: Apache-2.0
#include "watch/folders.h"

#include "watch/period.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void gd_window_folder_remove(const char *folder)
{
    static const char *const files[] = {"statistics.json", "constraint_violations.json", "check.json", "report.html"};
    char path[4096];
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        for (int part = 0; part < 2; part++) {
            if ((size_t)snprintf(path, sizeof path, "%s/%s%s", folder, files[i], part ? ".part" : "") < sizeof path)
                unlink(path);
        }
    }
    rmdir(folder); /* fails where somebody keeps something in it, as it should */
}

gd_status gd_window_folders_keep(const char *folder, int64_t since_ms, gd_error *error)
{
    char path[4096];
    int64_t from_ms;
    DIR *list = opendir(folder);
    if (!list)
        return gd_fail(error, GD_IO, "cannot list '%s': %s", folder, strerror(errno));
    for (const struct dirent *entry; (entry = readdir(list));) {
        if (gd_period_read_name(entry->d_name, &from_ms) && from_ms < since_ms &&
            (size_t)snprintf(path, sizeof path, "%s/%s", folder, entry->d_name) < sizeof path)
            gd_window_folder_remove(path);
    }
    closedir(list);
    return GD_OK;
}
