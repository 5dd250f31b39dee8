// SPDX-License-Identifier: Apache-2.0
/* Files that appear whole or not at all, and mapping. */
#ifndef GD_BASE_FILE_H
#define GD_BASE_FILE_H

#include "base/arena.h"
#include "base/status.h"

#include <stdbool.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Maps a file read-only; an empty one gives NULL and 0. IO names the path and the system's reason. */
gd_status gd_file_map(const char *path, void **map, size_t *bytes, gd_error *error);
void gd_file_unmap(void *map, size_t bytes);
void gd_file_leave(void *map, size_t bytes); /* a mapping's pages need not stay in memory until they are read again */

/* Reads a whole file of at most `most` bytes into the arena, with a final 0 behind it. */
gd_status gd_file_read(const char *path, size_t most, gd_arena *arena, char **text, size_t *bytes, gd_error *error);

/* A file being written beside its place ("<path>.part"): commit syncs and renames it, abandon removes it. One writer at
 * a time: begin fails with IO while another process writes the same path. */
typedef struct gd_file_draft {
    FILE *stream; /* write here; check nothing: commit does */
    char path[4096], part[4104];
} gd_file_draft;
gd_status gd_file_begin(gd_file_draft *draft, const char *path, gd_error *error);

/* Fails where something else than a regular file is there: a folder, a device, a pipe. */
gd_status gd_file_replaceable(const char *path, gd_error *error);

/* On failure the draft is removed and what stood at the path still stands there: a full disk leaves nothing. */
gd_status gd_file_commit(gd_file_draft *draft, gd_error *error);
void gd_file_abandon(gd_file_draft *draft); /* after begin failed or commit ran: does nothing */

/* A whole text in one go, by a draft. */
gd_status gd_file_write(const char *path, const void *bytes, size_t length, gd_error *error);

/* Appends one line and its newline with a single write(2). */
gd_status gd_file_append_line(const char *path, const char *line, gd_error *error);

/* Makes a folder and those above it; existing ones are fine. */
gd_status gd_folder_make(const char *path, gd_error *error);
bool gd_file_exists(const char *path);

/* Where to keep what can be made again: $GRIDDLE_CACHE, else $XDG_CACHE_HOME/griddle, else ~/.cache/griddle. IO where
 * none of them is set, or the path has `bytes` or more. */
gd_status gd_cache_folder(char *path, size_t bytes, gd_error *error);

#ifdef __cplusplus
}
#endif
#endif
