// SPDX-License-Identifier: Apache-2.0
#include "base/module.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool gd_module_find(const char *file, const char *variable, gd_module_path *path)
{
    static const char *const places[] = {"", "../../", "../../lib/", "../lib/"};
    const char *given = getenv(variable);
    char program[sizeof path->text / 2];
    if (given && *given)
        return snprintf(path->text, sizeof path->text, "%s", given) < (int)sizeof path->text;
    ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
    if (length < 0)
        return false;
    program[length] = '\0';
    *strrchr(program, '/') = '\0';
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        snprintf(path->text, sizeof path->text, "%s/%s%s", program, places[i], file);
        if (access(path->text, R_OK) == 0)
            return true;
    }
    return false;
}
