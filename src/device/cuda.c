// SPDX-License-Identifier: Apache-2.0
/* Finds and loads the CUDA device. Not in the inference library. */
#include "device/device.h"

#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Beside `griddle`: the program may be that or one of libexec/griddle. */
static bool find_library(char path[PATH_MAX])
{
    static const char *const places[] = {"libgriddle-cuda.so", "../../libgriddle-cuda.so",
                                         "../../lib/libgriddle-cuda.so", "../lib/libgriddle-cuda.so"};
    char program[PATH_MAX / 2];
    ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
    if (length < 0)
        return false;
    program[length] = '\0';
    *strrchr(program, '/') = '\0';
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        snprintf(path, PATH_MAX, "%s/%s", program, places[i]);
        if (access(path, R_OK) == 0)
            return true;
    }
    return false;
}

gd_status gd_device_open_cuda(const gd_device **device, gd_error *error)
{
    char found[PATH_MAX];
    const char *path = getenv("GRIDDLE_CUDA_LIBRARY");
    *device = NULL;
    if (!path || !*path)
        path = find_library(found) ? found : NULL;
    if (!path)
        return gd_fail(error, GD_UNSUPPORTED, "this griddle was built without its CUDA device (libgriddle-cuda.so)");
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!library)
        return gd_fail(error, GD_DEVICE, "cannot load the CUDA device: %s", dlerror());
    gd_cuda_open_function *open = (gd_cuda_open_function *)dlsym(library, GD_CUDA_OPEN);
    if (!open)
        return gd_fail(error, GD_DEVICE, "'%s' is no CUDA device of griddle", path);
    return open(device, error);
}
