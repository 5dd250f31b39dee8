// SPDX-License-Identifier: Apache-2.0
/* Finds and loads libgriddle-cuda.so. Not in the inference library. */
#include "device/cuda.h"

#include "base/module.h"

#include <dlfcn.h>
#include <string.h>

static gd_status load(const gd_cuda_module **module, gd_error *error)
{
    gd_module_path path;
    if (!gd_module_find("libgriddle-cuda.so", "GRIDDLE_CUDA_LIBRARY", &path))
        return gd_fail(error, GD_UNSUPPORTED, "this griddle was built without its CUDA device (libgriddle-cuda.so)");
    void *library = dlopen(path.text, RTLD_NOW | RTLD_LOCAL);
    if (!library)
        return gd_fail(error, GD_DEVICE, "cannot load the CUDA device: %s", dlerror());
    *module = dlsym(library, GD_CUDA_MODULE);
    if (*module && (*module)->layout == GD_CUDA_LAYOUT && strcmp((*module)->version, GRIDDLE_VERSION) == 0)
        return GD_OK;
    dlclose(library);
    return gd_fail(error, GD_DEVICE, "'%s' is no CUDA device of this griddle: build both from one tree", path.text);
}

gd_status gd_device_open_cuda(const gd_device **device, gd_error *error)
{
    const gd_cuda_module *module;
    *device = NULL;
    GD_TRY(load(&module, error));
    return module->open(device, error);
}

gd_status gd_nccl_open(int rank, int ranks, const gd_comm *over, const gd_comm **comm, gd_error *error)
{
    const gd_cuda_module *module;
    *comm = NULL;
    GD_TRY(load(&module, error));
    return module->open_nccl(rank, ranks, over, comm, error);
}

const char *gd_nccl_version(void)
{
    const gd_cuda_module *module;
    return load(&module, NULL) == GD_OK ? module->nccl_version() : "";
}
