// SPDX-License-Identifier: Apache-2.0
/* Finds and loads libgriddle-mpi.so. Not in the inference library. */
#include "comm/mpi.h"

#include "base/module.h"

#include <dlfcn.h>
#include <string.h>

gd_status gd_mpi_open(const gd_comm **comm, gd_error *error)
{
    gd_module_path path;
    *comm = NULL;
    if (!gd_module_find("libgriddle-mpi.so", "GRIDDLE_MPI_LIBRARY", &path))
        return gd_fail(error, GD_UNSUPPORTED,
                       "this griddle was built without MPI (libgriddle-mpi.so): apt-get install openmpi-bin "
                       "libopenmpi-dev, and build it again");
    /* MPI loads parts of its own, which in some builds look for its symbols among the global ones. */
    void *library = dlopen(path.text, RTLD_NOW | RTLD_GLOBAL);
    if (!library)
        return gd_fail(error, GD_DEVICE, "cannot load MPI: %s; apt-get install openmpi-bin", dlerror());
    const gd_mpi_module *module = dlsym(library, GD_MPI_EXPORTS);
    if (!module || strcmp(module->version, GRIDDLE_VERSION) != 0)
        return gd_fail(error, GD_DEVICE, "'%s' is not of this griddle: build both from one tree", path.text);
    return module->open(comm, error);
}
