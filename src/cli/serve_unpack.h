// SPDX-License-Identifier: Apache-2.0
/* A model in an archive, as SageMaker's training leaves it: model.tar.gz. */
#ifndef GD_CLI_SERVE_UNPACK_H
#define GD_CLI_SERVE_UNPACK_H

#include "dist/scratch.h"

#include <stddef.h>

/* Unpacks into a folder `name` of the scratch, which is made with the first, and finds the model there. It is
 * griddle-stage that unpacks, as the library for archives and its many formats is to be no part of a server: IO with
 * what it complained of. */
gd_status gd_serve_unpack(const char *archive, const char *name, gd_scratch *scratch, char *path, size_t bytes,
                          gd_error *error);

#endif
