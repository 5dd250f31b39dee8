// SPDX-License-Identifier: Apache-2.0
/* Finds and loads the CUDA device. Not in the inference library. */
#include "device/device.h"

#include "base/module.h"

#include <dlfcn.h>

gd_status gd_device_open_cuda(const gd_device **device, gd_error *error)
{
    gd_module_path path;
    *device = NULL;
    if (!gd_module_find("libgriddle-cuda.so", "GRIDDLE_CUDA_LIBRARY", &path))
        return gd_fail(error, GD_UNSUPPORTED, "this griddle was built without its CUDA device (libgriddle-cuda.so)");
    void *library = dlopen(path.text, RTLD_NOW | RTLD_LOCAL);
    if (!library)
        return gd_fail(error, GD_DEVICE, "cannot load the CUDA device: %s", dlerror());
    gd_cuda_open_function *open = (gd_cuda_open_function *)dlsym(library, GD_CUDA_OPEN);
    if (!open)
        return gd_fail(error, GD_DEVICE, "'%s' is no CUDA device of griddle", path.text);
    return open(device, error);
}
