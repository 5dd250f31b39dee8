// SPDX-License-Identifier: Apache-2.0
/* Parts of the engine that are loaded at run time, as what they need is not on every machine. Not in the inference
 * library. */
#ifndef GD_BASE_MODULE_H
#define GD_BASE_MODULE_H

#include <stdbool.h>

/* Where the module `file` lies: where the environment variable `variable` says, or beside the program's own folder,
 * which may be that of `griddle` or libexec/griddle. False: nowhere. */
typedef struct gd_module_path {
    char text[4096];
} gd_module_path;
bool gd_module_find(const char *file, const char *variable, gd_module_path *path);

#endif
