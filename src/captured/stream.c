// SPDX-License-Identifier: Apache-2.0
#include "captured/stream.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

enum { PIECE = 1 << 18, PACKED = 1 << 16, NO_FILE = -1 };

struct gd_captured_stream {
    const char *name; /* borrowed */
    int file;
    bool ended;
    int64_t read, line;

    char *at; /* (capacity) [begin, end) is not yet taken */
    size_t begin, end, capacity, most;

    bool gzip;
    z_stream zip;
    unsigned char packed[PACKED];
};

gd_status gd_captured_stream_new(size_t most, gd_captured_stream **result, gd_error *error)
{
    gd_captured_stream *stream = calloc(1, sizeof *stream);
    *result = stream;
    if (!stream)
        return gd_fail(error, GD_NOMEM, "out of memory for a stream of lines");
    stream->file = NO_FILE;
    stream->most = most;
    stream->capacity = PIECE;
    stream->at = malloc(stream->capacity);
    if (stream->at)
        return GD_OK;
    gd_captured_stream_free(stream);
    *result = NULL;
    return gd_fail(error, GD_NOMEM, "out of memory for a stream of lines");
}

static void close_file(gd_captured_stream *stream)
{
    if (stream->gzip)
        inflateEnd(&stream->zip);
    if (stream->file > STDERR_FILENO)
        close(stream->file);
    stream->gzip = false;
    stream->file = NO_FILE;
}

void gd_captured_stream_free(gd_captured_stream *stream)
{
    if (!stream)
        return;
    close_file(stream);
    free(stream->at);
    free(stream);
}

int64_t gd_captured_stream_bytes(const gd_captured_stream *stream) { return stream->read; }

/* ---- bytes ---- */

/* Up to `room` bytes as they lie in the file; none: its end. */
static gd_status read_raw(gd_captured_stream *stream, void *to, size_t room, size_t *bytes, gd_error *error)
{
    ssize_t got;
    do
        got = read(stream->file, to, room);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return gd_fail_at(error, GD_IO, (gd_place){.file = stream->name}, "cannot read: %s", strerror(errno));
    stream->read += got;
    *bytes = (size_t)got;
    return GD_OK;
}

static gd_status not_gzip(const gd_captured_stream *stream, gd_error *error)
{
    return gd_fail_at(error, GD_FORMAT, (gd_place){.file = stream->name}, "not gzip behind line %lld: %s",
                      (long long)stream->line,
                      stream->zip.msg ? stream->zip.msg : "the file ends within what was compressed");
}

/* Members may follow each other, as where compressed files were joined. What a broken file holds before it breaks is
 * given. */
static gd_status unpack(gd_captured_stream *stream, void *to, size_t room, size_t *bytes, gd_error *error)
{
    z_stream *zip = &stream->zip;
    zip->next_out = to;
    zip->avail_out = (uInt)room;
    while (zip->avail_out == room) {
        if (zip->avail_in == 0) {
            size_t got = 0;
            GD_TRY(read_raw(stream, stream->packed, PACKED, &got, error));
            if (got == 0 && zip->total_in > 0)
                return not_gzip(stream, error);
            if (got == 0)
                break;
            zip->next_in = stream->packed;
            zip->avail_in = (uInt)got;
        }
        const int result = inflate(zip, Z_NO_FLUSH);
        if (result == Z_STREAM_END)
            inflateReset(zip); /* total_in becomes 0: here a file may end */
        else if (result == Z_MEM_ERROR)
            return gd_fail(error, GD_NOMEM, "out of memory for '%s'", stream->name);
        else if (result != Z_OK && result != Z_BUF_ERROR && zip->avail_out == room)
            return not_gzip(stream, error);
        else if (result != Z_OK && result != Z_BUF_ERROR)
            break; /* what was made of it comes first; it fails again */
    }
    *bytes = room - zip->avail_out;
    return GD_OK;
}

/* More bytes behind those that are not yet taken. */
static gd_status fill(gd_captured_stream *stream, gd_error *error)
{
    char *to = stream->at + stream->end;
    const size_t left = stream->capacity - stream->end, room = left < PIECE ? left : PIECE;
    size_t got = 0;
    if (stream->gzip)
        GD_TRY(unpack(stream, to, room, &got, error));
    else
        GD_TRY(read_raw(stream, to, room, &got, error));
    stream->end += got;
    stream->ended = got == 0;
    return GD_OK;
}

/* ---- files ---- */

/* What was read of the file turns out to be compressed. */
static gd_status begin_gzip(gd_captured_stream *stream, gd_error *error)
{
    stream->zip = (z_stream){0};
    if (inflateInit2(&stream->zip, 16 + MAX_WBITS) != Z_OK) /* 16: gzip's header, not zlib's */
        return gd_fail(error, GD_NOMEM, "out of memory for '%s'", stream->name);
    stream->gzip = true;
    memcpy(stream->packed, stream->at, stream->end);
    stream->zip.next_in = stream->packed;
    stream->zip.avail_in = (uInt)stream->end;
    stream->end = 0;
    return GD_OK;
}

gd_status gd_captured_stream_open(gd_captured_stream *stream, const char *name, gd_error *error)
{
    const bool standard = strcmp(name, "-") == 0;
    close_file(stream);
    stream->name = name;
    stream->begin = stream->end = 0;
    stream->line = 0;
    stream->ended = false;
    stream->file = standard ? STDIN_FILENO : open(name, O_RDONLY | O_CLOEXEC);
    if (stream->file < 0)
        return gd_fail(error, GD_IO, "cannot open '%s': %s", name, strerror(errno));
    while (stream->end < 2 && !stream->ended) {
        size_t got;
        GD_TRY(read_raw(stream, stream->at + stream->end, 2 - stream->end, &got, error));
        stream->end += got;
        stream->ended = got == 0;
    }
    if (stream->end == 2 && memcmp(stream->at, "\x1f\x8b", 2) == 0)
        return begin_gzip(stream, error);
    return GD_OK;
}

/* ---- lines ---- */

/* Room for more of a line that begins at `begin`. */
static gd_status make_room(gd_captured_stream *stream, gd_error *error)
{
    if (stream->begin > 0) {
        memmove(stream->at, stream->at + stream->begin, stream->end - stream->begin);
        stream->end -= stream->begin;
        stream->begin = 0;
    }
    if (stream->end < stream->capacity)
        return GD_OK;
    const size_t more = 2 * stream->capacity < stream->most + PIECE ? 2 * stream->capacity : stream->most + PIECE;
    char *grown = realloc(stream->at, more);
    if (!grown)
        return gd_fail(error, GD_NOMEM, "out of memory for a line of %zu bytes of '%s'", more, stream->name);
    stream->at = grown;
    stream->capacity = more;
    return GD_OK;
}

/* Drops bytes up to the next newline. */
static gd_status pass_line(gd_captured_stream *stream, gd_error *error)
{
    for (;;) {
        const char *from = stream->at + stream->begin;
        const char *newline = memchr(from, '\n', stream->end - stream->begin);
        if (newline) {
            stream->begin += (size_t)(newline - from) + 1;
            return GD_OK;
        }
        stream->begin = stream->end = 0;
        if (stream->ended)
            return GD_OK;
        GD_TRY(fill(stream, error));
    }
}

gd_status gd_captured_stream_take(gd_captured_stream *stream, gd_captured_line *line, gd_error *error)
{
    *line = (gd_captured_line){.number = stream->line + 1};
    for (size_t looked = 0;;) {
        const char *from = stream->at + stream->begin, *newline;
        const size_t have = stream->end - stream->begin;
        newline = memchr(from + looked, '\n', have - looked);
        const size_t length = newline ? (size_t)(newline - from) : have;
        if (length > stream->most) {
            stream->line++;
            line->kind = GD_LINE_LONG;
            return pass_line(stream, error);
        }
        if (newline || stream->ended) {
            line->kind = newline ? GD_LINE_WHOLE : length > 0 ? GD_LINE_LAST : GD_LINE_END;
            line->at = from;
            line->length = length;
            stream->line++;
            stream->begin += length + (newline != NULL);
            return GD_OK;
        }
        looked = have;
        GD_TRY(make_room(stream, error));
        GD_TRY(fill(stream, error));
    }
}
