// SPDX-License-Identifier: Apache-2.0
/* Libraries of the toolkit that entries call where they are there: loaded when first asked for, and not linked. */
#ifndef GD_CUDA_LIBRARY_H
#define GD_CUDA_LIBRARY_H

#include "base/status.h"

/* A function that is wanted, and where its address goes: a pointer to a function, seen as one of another type. */
typedef struct gd_library_symbol {
    const char *name;
    void (**address)(void);
} gd_library_symbol;

/* Loads the file that the environment variable names (empty: none is wanted), else `file`, for the process's life: from
 * where the loader looks, then from the toolkit's usual folder. UNSUPPORTED where it is not there or lacks one of the
 * n functions, and says which. */
gd_status gd_library_open(const char *variable, const char *file, const gd_library_symbol *symbols, int n,
                          gd_error *error);

#endif
