// SPDX-License-Identifier: Apache-2.0
/* The files below a folder. Hidden ones are passed over: a name that begins with a dot, and `__MACOSX`. */
#ifndef GD_DATA_WALK_H
#define GD_DATA_WALK_H

#include "base/arena.h"
#include "base/status.h"

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct gd_walked {
    const char *path;     /* below the root, '/' between */
    int64_t bytes, mtime; /* mtime in nanoseconds */
} gd_walked;

typedef struct gd_walk {
    gd_arena arena;
    int64_t n;
    gd_walked *at; /* (n), by path in the order of bytes, so that every machine sees the same */
} gd_walk;

/* A link that leads back to a folder above itself is not followed. */
typedef enum gd_walk_loops {
    GD_LOOPS_FAIL, /* and is IO: whoever made it meant something else */
    GD_LOOPS_PASS, /* and is passed over */
} gd_walk_loops;

/* Regular files at any depth, through symbolic links. IO names what cannot be looked into. */
gd_status gd_walk_folder(const char *root, gd_walk_loops loops, gd_walk *walk, gd_error *error);
void gd_walk_release(gd_walk *walk); /* accepts {0} */

/* Whether a path has a hidden component. */
bool gd_path_hidden(const char *path);

#ifdef __cplusplus
}
#endif
#endif
