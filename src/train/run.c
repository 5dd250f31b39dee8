// SPDX-License-Identifier: Apache-2.0
#include "train/run.h"

#include "base/file.h"

#include <stdio.h>
#include <time.h>

gd_run_path gd_run_file(const char *folder, const char *file)
{
    gd_run_path path;
    snprintf(path.text, sizeof path.text, "%s/%s", folder, file);
    return path;
}

void gd_run_log(const char *folder, const char *format, ...)
{
    char line[1200];
    time_t now = time(NULL);
    struct tm utc;
    gmtime_r(&now, &utc);
    size_t used = strftime(line, sizeof line, "%Y-%m-%dT%H:%M:%SZ ", &utc);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line + used, sizeof line - used, format, arguments);
    va_end(arguments);
    gd_file_append_line(gd_run_file(folder, "log.txt").text, line, NULL);
}
