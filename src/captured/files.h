// SPDX-License-Identifier: Apache-2.0
/* Which files a reader of captures goes through, in the order of their time.
 *
 * Below a folder those are all that end in .jsonl or .jsonl.gz and are not hidden. Folders yyyy/mm/dd/hh anywhere below
 * it, or that it is one of, say when their files were begun; those of one hour come by their files' names, which begin
 * with minute, second and millisecond, whatever endpoint and variant they are of. Other folders come before, by path.
 * What stands in memory are the names of the folders, and those of one hour's files.
 *
 * A folder is left out where its hour is more than an hour away from the window: a file may go on behind the hour in
 * which it was begun, and an answer that took long was asked for before. */
#ifndef GD_CAPTURED_FILES_H
#define GD_CAPTURED_FILES_H

#include "base/status.h"

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct gd_files gd_files;

/* Looks through the folders. `paths` ends with NULL: folders, files, "-"; [from, to) in ms since 1970. INVALID where a
 * folder has no file that could be meant; IO where a path, or a folder below it, cannot be looked into. */
gd_status gd_files_open(const char *const *paths, int64_t from_ms, int64_t to_ms, gd_files **files, gd_error *error);

/* The next path, which lives until the files are closed or the hour has passed; NULL: there is none any more. `*named`:
 * it is one of `paths`. */
gd_status gd_files_next(gd_files *files, const char **path, bool *named, gd_error *error);

void gd_files_close(gd_files *files); /* accepts NULL */

/* Endpoint and variant, the two folders above yyyy/mm/dd/hh, of a file's path: where they begin and how long they are;
 * 0: the path does not say. */
typedef struct gd_files_names {
    const char *endpoint, *variant;
    int endpoint_bytes, variant_bytes;
} gd_files_names;
gd_files_names gd_files_name(const char *path);

/* The hour that its folders yyyy/mm/dd/hh name, in ms since 1970. False: they name none. */
bool gd_files_hour(const char *path, int64_t *ms);

#ifdef __cplusplus
}
#endif
#endif
