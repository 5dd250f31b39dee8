// SPDX-License-Identifier: Apache-2.0
#include "library.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

gd_status gd_library_open(const char *variable, const char *file, const gd_library_symbol *symbols, int n,
                          gd_error *error)
{
    const char *given = getenv(variable);
    char usual[512];
    if (given && !*given)
        return gd_fail(error, GD_UNSUPPORTED, "%s is empty: not wanted", variable);
    void *library = dlopen(given ? given : file, RTLD_NOW | RTLD_LOCAL);
    if (!library && !given) {
        snprintf(usual, sizeof usual, "/usr/local/cuda/lib64/%s", file);
        library = dlopen(usual, RTLD_NOW | RTLD_LOCAL);
    }
    if (!library)
        return gd_fail(error, GD_UNSUPPORTED, given ? "cannot load %s (%s)" : "cannot load %s; %s may name the file",
                       dlerror(), variable);
    for (int i = 0; i < n; i++) {
        *symbols[i].address = (void (*)(void))dlsym(library, symbols[i].name);
        if (!*symbols[i].address) {
            dlclose(library);
            return gd_fail(error, GD_UNSUPPORTED, "'%s' has no %s", given ? given : file, symbols[i].name);
        }
    }
    return GD_OK;
}
