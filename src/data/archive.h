// SPDX-License-Identifier: Apache-2.0
/* Archives as streams of entries: tar (plain, gzip, xz, bzip2, zstd) and zip, by libarchive. Nothing but a
 * model is unpacked to disk. A gzip stream's checksum is verified, which libarchive's own filter does not do. */
#ifndef GD_DATA_ARCHIVE_H
#define GD_DATA_ARCHIVE_H

#include "base/status.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct gd_archive gd_archive;

/* FORMAT, with the path as place, when the file is no archive; IO when it cannot be opened. */
gd_status gd_archive_open(const char *path, gd_archive **archive, gd_error *error);
void gd_archive_close(gd_archive *archive); /* accepts NULL */

/* The next regular file's name, valid until the next call; NULL at the end. FORMAT when the archive is broken or ends
 * too early, when a name is absolute or climbs out by `..`, and after 20 million entries. */
gd_status gd_archive_next(gd_archive *archive, const char **name, gd_error *error);

/* The bytes of the current entry: *bytes is the caller's to free. More than `most` bytes give *bytes NULL and GD_OK. */
gd_status gd_archive_read(gd_archive *archive, size_t most, uint8_t **bytes, size_t *length, gd_error *error);

/* Writes the bytes of the current entry to `file`, whose owner looks for its errors. FORMAT for more than `most`. */
gd_status gd_archive_save(gd_archive *archive, size_t most, FILE *file, size_t *length, gd_error *error);

/* Writes the models of an archive, its *.safetensors, into a folder, which is there: all side by side, without the
 * folders that they have in the archive. FORMAT where there is none, where two have one name, and for more than `most`
 * bytes of them all; what was written before stays. */
gd_status gd_archive_unpack(const char *path, const char *folder, size_t most, gd_error *error);

/* Undoes gzip in memory; `name` stands for the file in messages. FORMAT when it is damaged, ends too early, or holds
 * more than `most` bytes. *to is the caller's to free. */
gd_status gd_gunzip(const char *name, const uint8_t *bytes, size_t length, size_t most, uint8_t **to, size_t *to_length,
                    gd_error *error);

#ifdef __cplusplus
}
#endif
#endif
