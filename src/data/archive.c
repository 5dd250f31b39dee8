// SPDX-License-Identifier: Apache-2.0
#include "data/archive.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

enum { PIECE = 1 << 17, MAX_ENTRIES = 20 * 1000 * 1000 };

struct gd_archive {
    char *path;
    struct archive *reader;
    gzFile gzip; /* passes on as they are the bytes of what is not gzip */
    int64_t entries;
    uint8_t piece[PIECE];
};

static gd_status broken(const gd_archive *archive, const char *why, gd_error *error)
{
    return gd_fail_at(error, GD_FORMAT, (gd_place){archive->path, 0, 0}, "broken archive: %s",
                      why ? why : "unknown cause");
}

/* libarchive asks for bytes. gzread verifies the checksum at the end of each gzip member. */
static la_ssize_t on_read(struct archive *reader, void *context, const void **bytes)
{
    gd_archive *archive = context;
    int n = gzread(archive->gzip, archive->piece, PIECE);
    int code = Z_OK;
    const char *why = gzerror(archive->gzip, &code);
    if (n < 0 || code == Z_BUF_ERROR) {
        archive_set_error(reader, EINVAL, "%s",
                          code == Z_BUF_ERROR ? "the gzip data end too early"
                          : code == Z_ERRNO   ? strerror(errno)
                                              : why);
        return -1;
    }
    *bytes = archive->piece;
    return n;
}

/* Reading on lets gzread meet the checksum: an archive's own end comes before that of its file. */
static gd_status drain(gd_archive *archive, gd_error *error)
{
    for (int n = 1; n > 0;) {
        int code = Z_OK;
        n = gzread(archive->gzip, archive->piece, PIECE);
        const char *why = gzerror(archive->gzip, &code);
        if (code != Z_OK && code != Z_STREAM_END)
            return broken(archive, code == Z_BUF_ERROR ? "the gzip data end too early" : why, error);
    }
    return GD_OK;
}

static gd_status open_reader(gd_archive *archive, gd_error *error)
{
    struct stat info;
    int file = open(archive->path, O_RDONLY | O_CLOEXEC);
    if (file < 0 || fstat(file, &info) != 0) {
        int reason = errno;
        if (file >= 0)
            close(file);
        return gd_fail(error, GD_IO, "cannot open '%s': %s", archive->path, strerror(reason));
    }
    uint8_t magic[2] = {0};
    bool gzip = pread(file, magic, sizeof magic, 0) == 2 && magic[0] == 0x1f && magic[1] == 0x8b;
    archive->reader = archive_read_new();
    if (!archive->reader) {
        close(file);
        return gd_fail(error, GD_NOMEM, "out of memory for an archive reader");
    }
    archive_read_support_format_tar(archive->reader);
    archive_read_support_format_zip(archive->reader);
    archive_read_support_filter_xz(archive->reader);
    archive_read_support_filter_bzip2(archive->reader);
    archive_read_support_filter_zstd(archive->reader);
    int code;
    if (gzip) {
        archive->gzip = gzdopen(file, "rb");
        if (!archive->gzip) {
            close(file);
            return gd_fail(error, GD_NOMEM, "out of memory for a gzip reader");
        }
        gzbuffer(archive->gzip, PIECE);
        code = archive_read_open(archive->reader, archive, NULL, on_read, NULL);
    } else {
        /* by name rather than by stream: a zip's directory stands at its end */
        close(file);
        code = archive_read_open_filename(archive->reader, archive->path, PIECE);
    }
    if (code != ARCHIVE_OK)
        return gd_fail_at(error, GD_FORMAT, (gd_place){archive->path, 0, 0},
                          "neither a tar archive nor a zip, nor a folder: %s", archive_error_string(archive->reader));
    return GD_OK;
}

gd_status gd_archive_open(const char *path, gd_archive **result, gd_error *error)
{
    *result = NULL;
    gd_archive *archive = calloc(1, sizeof *archive);
    if (!archive || !(archive->path = strdup(path))) {
        free(archive);
        return gd_fail(error, GD_NOMEM, "out of memory for an archive reader");
    }
    gd_status status = open_reader(archive, error);
    if (status != GD_OK)
        gd_archive_close(archive);
    else
        *result = archive;
    return status;
}

void gd_archive_close(gd_archive *archive)
{
    if (!archive)
        return;
    archive_read_free(archive->reader);
    if (archive->gzip)
        gzclose(archive->gzip);
    free(archive->path);
    free(archive);
}

/* Names are never used as paths on this machine; one that tries to climb says that the archive is not what it seems. */
static bool climbs(const char *name)
{
    if (name[0] == '/')
        return true;
    for (const char *at = name; at; at = strchr(at, '/'), at = at ? at + 1 : NULL)
        if (strncmp(at, "..", 2) == 0 && (at[2] == '/' || at[2] == '\0'))
            return true;
    return false;
}

gd_status gd_archive_next(gd_archive *archive, const char **name, gd_error *error)
{
    *name = NULL;
    for (;;) {
        struct archive_entry *entry;
        int code = archive_read_next_header(archive->reader, &entry);
        if (code == ARCHIVE_EOF)
            return archive->gzip ? drain(archive, error) : GD_OK;
        /* the formats are only recognised here; a file of another kind fails before its first entry */
        bool sound = code == ARCHIVE_OK || code == ARCHIVE_WARN;
        if (!sound && archive->entries == 0 && !archive->gzip)
            return gd_fail_at(error, GD_FORMAT, (gd_place){archive->path, 0, 0}, "no tar archive and no zip: %s",
                              archive_error_string(archive->reader));
        if (!sound)
            return broken(archive, archive_error_string(archive->reader), error);
        if (++archive->entries > MAX_ENTRIES)
            return broken(archive, "more than 20 million entries", error);
        if (archive_entry_filetype(entry) != AE_IFREG || archive_entry_hardlink(entry))
            continue;
        const char *path = archive_entry_pathname_utf8(entry);
        if (!path)
            path = archive_entry_pathname(entry); /* bytes that are no UTF-8 */
        if (!path)
            return broken(archive, "an entry has no name", error);
        while (strncmp(path, "./", 2) == 0)
            path += 2;
        if (climbs(path))
            return gd_fail_at(error, GD_FORMAT, (gd_place){archive->path, 0, 0},
                              "broken archive: entry '%s' lies outside of it", path);
        *name = path;
        return GD_OK;
    }
}

gd_status gd_archive_read(gd_archive *archive, size_t most, uint8_t **bytes, size_t *length, gd_error *error)
{
    /* The size in the entry's header is a stranger's claim: memory grows with what really comes. */
    size_t capacity = 0;
    *bytes = NULL;
    *length = 0;
    uint8_t *all = NULL;
    for (;;) {
        if (*length == capacity) {
            capacity = capacity ? 2 * capacity : 1 << 14;
            uint8_t *grown = realloc(all, capacity);
            if (!grown) {
                free(all);
                return gd_fail(error, GD_NOMEM, "out of memory for an archive's entry of %zu bytes", *length);
            }
            all = grown;
        }
        la_ssize_t n = archive_read_data(archive->reader, all + *length, capacity - *length);
        if (n < 0) {
            free(all);
            return broken(archive, archive_error_string(archive->reader), error);
        }
        *length += (size_t)n;
        if (n == 0 || *length > most)
            break;
    }
    if (*length > most)
        free(all);
    else
        *bytes = all;
    return GD_OK;
}

gd_status gd_archive_save(gd_archive *archive, size_t most, FILE *file, size_t *length, gd_error *error)
{
    uint8_t piece[1 << 14];
    *length = 0;
    for (;;) {
        const la_ssize_t n = archive_read_data(archive->reader, piece, sizeof piece);
        if (n < 0)
            return broken(archive, archive_error_string(archive->reader), error);
        if (n == 0)
            return GD_OK;
        *length += (size_t)n;
        if (*length > most)
            return gd_fail_at(error, GD_FORMAT, (gd_place){archive->path, 0, 0}, "more than %zu bytes to unpack", most);
        fwrite(piece, 1, (size_t)n, file);
    }
}

gd_status gd_gunzip(const char *name, const uint8_t *bytes, size_t length, size_t most, uint8_t **to, size_t *to_length,
                    gd_error *error)
{
    *to = NULL;
    *to_length = 0;
    gd_place place = {name, 0, 0};
    z_stream stream = {.next_in = (Bytef *)(uintptr_t)bytes};
    if (inflateInit2(&stream, 15 + 16) != Z_OK) /* 16: a gzip wrapper and no other */
        return gd_fail(error, GD_NOMEM, "out of memory for a gzip reader");
    size_t capacity = 0, given = 0;
    uint8_t *all = NULL;
    gd_status status = GD_OK;
    for (int code = Z_OK; code != Z_STREAM_END || given < length || stream.avail_in > 0;) {
        if (code == Z_STREAM_END)
            inflateReset(&stream); /* gzip files may be put one behind the other */
        if (stream.avail_in == 0) {
            stream.avail_in = (uInt)(length - given < PIECE ? length - given : PIECE);
            given += stream.avail_in;
        }
        if (*to_length == capacity) {
            capacity = capacity ? 2 * capacity : PIECE;
            uint8_t *grown = realloc(all, capacity);
            if (!grown) {
                status = gd_fail(error, GD_NOMEM, "out of memory for '%s' of %zu bytes", name, capacity);
                break;
            }
            all = grown;
        }
        size_t room = capacity - *to_length < PIECE ? capacity - *to_length : PIECE;
        stream.next_out = all + *to_length;
        stream.avail_out = (uInt)room;
        code = inflate(&stream, Z_NO_FLUSH);
        *to_length += room - stream.avail_out;
        if (code == Z_BUF_ERROR || (code == Z_OK && stream.avail_in == 0 && given == length && stream.avail_out > 0))
            status = gd_fail_at(error, GD_FORMAT, place, "the gzip data end too early");
        else if (code != Z_OK && code != Z_STREAM_END)
            status = gd_fail_at(error, GD_FORMAT, place, "broken gzip: %s", stream.msg ? stream.msg : "no gzip data");
        else if (*to_length > most)
            status = gd_fail_at(error, GD_FORMAT, place, "more than %zu bytes", most);
        if (status != GD_OK)
            break;
    }
    inflateEnd(&stream);
    if (status == GD_OK)
        *to = all;
    else
        free(all);
    return status;
}
