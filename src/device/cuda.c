// SPDX-License-Identifier: Apache-2.0
/* Finds and loads libgriddle-cuda.so. Not in the inference library. */
#include "device/cuda.h"

#include "base/module.h"

#include <dlfcn.h>
#include <string.h>

/* NULL, and why. */
static const gd_cuda_module *load(gd_status *status, gd_error *error)
{
    gd_module_path path;
    if (!gd_module_find("libgriddle-cuda.so", "GRIDDLE_CUDA_LIBRARY", &path)) {
        *status = gd_fail(error, GD_UNSUPPORTED, "this griddle was built without its CUDA device (libgriddle-cuda.so)");
        return NULL;
    }
    void *library = dlopen(path.text, RTLD_NOW | RTLD_LOCAL);
    if (!library) {
        *status = gd_fail(error, GD_DEVICE, "cannot load the CUDA device: %s", dlerror());
        return NULL;
    }
    const gd_cuda_module *module = dlsym(library, GD_CUDA_MODULE);
    if (module && module->layout == GD_CUDA_LAYOUT && strcmp(module->version, GRIDDLE_VERSION) == 0)
        return module;
    dlclose(library);
    *status = gd_fail(error, GD_DEVICE, "'%s' is no CUDA device of this griddle: build both from one tree", path.text);
    return NULL;
}

gd_status gd_device_open_cuda(const gd_device **device, gd_error *error)
{
    gd_status status;
    const gd_cuda_module *module = load(&status, error);
    *device = NULL;
    return module ? module->open(device, error) : status;
}

gd_status gd_nccl_open(int rank, int ranks, const gd_comm *over, const gd_comm **comm, gd_error *error)
{
    gd_status status;
    const gd_cuda_module *module = load(&status, error);
    *comm = NULL;
    return module ? module->open_nccl(rank, ranks, over, comm, error) : status;
}

const char *gd_nccl_version(void)
{
    gd_status status;
    const gd_cuda_module *module = load(&status, NULL);
    return module ? module->nccl_version() : "";
}
