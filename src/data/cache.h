// SPDX-License-Identifier: Apache-2.0
/* Which staged set a config means: where it lies, and whether what lies there is still what the config says. Needs
 * neither network nor archives, so that training on a staged set loads none of them.
 *
 * In the cache (gd_cache_folder) lie
 *
 *     staged/<source>-<key>.safetensors      key: a hash of the source and of the settings that decide the content
 *     fetched/<key>-<file>                   what came from https: addresses, key: a hash of the address
 *
 * All of it can be made again; deleting it is safe. What lies there is replaced, never changed, so a run may keep a
 * hard link to its set.
 */
#ifndef GD_DATA_CACHE_H
#define GD_DATA_CACHE_H

#include "config/config.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { GD_PATH_MAX = 4096 };

typedef struct gd_staging {
    bool remote;               /* the source is an https: address */
    char source[GD_PATH_MAX];  /* the address, or the absolute path of file or folder */
    char fetched[GD_PATH_MAX]; /* remote: where the fetched file lies or will lie */
    char staged[GD_PATH_MAX];  /* where the staged set lies or will lie */
    char cached[GD_PATH_MAX];  /* its place in the cache, the same or another; "": there is no cache */
    char *settings;            /* what decides its content, as JSON: the source (of a local one also sizes and times of
                                  its files) and the keys of `data` that staging reads. In the arena */
} gd_staging;

/* Looks at config and source; writes nothing. `out`: file or folder of the staged set, NULL: in the cache. A relative
 * source is looked for beside the config's file, then in the working folder. INVALID, with its place in the config, for
 * a source of another scheme; IO for one that is not there. */
gd_status gd_staging_find(const gd_config *config, const char *out, gd_arena *arena, gd_staging *staging,
                          gd_error *error);

/* Whether a staged set lies at `path` and was made with these settings. */
bool gd_staged_current(const char *path, const char *settings);

#ifdef __cplusplus
}
#endif
#endif
