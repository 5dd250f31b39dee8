// SPDX-License-Identifier: Apache-2.0
#include "cli/predict_input.h"

#include "data/walk.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PIECE = 1 << 16, STOP_MS = 100 };

struct gd_input {
    const char *name; /* borrowed */
    const volatile sig_atomic_t *stop;
    char *folder; /* "" or "…/": what paths are relative to */

    gd_walk walk; /* a folder's pictures; at[next] comes next */
    int64_t next;

    int file; /* of lines; -1: a folder */
    struct stat info;
    int64_t line; /* the last one's number */
    char *piece;  /* (PIECE) what was read: [at, end) is not yet taken */
    size_t at, end;
    bool ended;
    int64_t bytes; /* read so far */
};

/* ---- a folder ---- */

static bool like_picture(const char *path)
{
    const char *dot = strrchr(path, '.');
    return dot && (strcasecmp(dot, ".png") == 0 || strcasecmp(dot, ".jpg") == 0 || strcasecmp(dot, ".jpeg") == 0);
}

static gd_status open_folder(gd_input *input, gd_error *error)
{
    GD_TRY(gd_walk_folder(input->name, GD_LOOPS_PASS, &input->walk, error));
    int64_t n = 0;
    for (int64_t i = 0; i < input->walk.n; i++) {
        if (like_picture(input->walk.at[i].path))
            input->walk.at[n++] = input->walk.at[i];
    }
    if (n == 0)
        return gd_fail(error, GD_INVALID,
                       "no pictures below '%s': none of %" PRId64 " files ends in .png, .jpg or .jpeg", input->name,
                       input->walk.n);
    input->walk.n = n;
    return GD_OK;
}

/* ---- lines ---- */

/* More bytes into the piece, which is used up; none: the end. Waits in short spells, so that a stop is seen. */
static gd_status fill(gd_input *input, gd_error *error)
{
    struct pollfd poller = {.fd = input->file, .events = POLLIN};
    input->at = input->end = 0;
    while (!*input->stop && !input->ended) {
        const int ready = poll(&poller, 1, STOP_MS);
        if (ready == 0 || (ready < 0 && errno == EINTR))
            continue;
        const ssize_t got = ready < 0 ? -1 : read(input->file, input->piece, PIECE);
        if (got < 0 && (errno == EINTR || errno == EAGAIN))
            continue;
        if (got < 0)
            return gd_fail(error, GD_IO, "cannot read '%s': %s", input->name, strerror(errno));
        input->ended = got == 0;
        input->end = (size_t)got;
        input->bytes += got;
        return GD_OK;
    }
    return GD_OK;
}

/* The rest of a line, without its newline, behind what the item has of it. `*whole`: its newline was there. */
static void take_piece(gd_input *input, gd_input_item *item, bool *whole)
{
    const char *from = input->piece + input->at;
    const char *newline = memchr(from, '\n', input->end - input->at);
    const size_t length = newline ? (size_t)(newline - from) : input->end - input->at;
    item->too_long = item->too_long || item->line.length + length > GD_INPUT_LINE;
    if (item->too_long)
        item->line.length = 0;
    else
        gd_text_add_n(&item->line, from, length);
    input->at += length + (newline ? 1 : 0);
    *whole = newline != NULL;
}

static bool blank(const gd_input_item *item)
{
    return !item->too_long && strspn(item->line.at, " \t\r") == item->line.length;
}

/* The next line. A stop may cut it off: then there is none. */
static gd_status take_line(gd_input *input, gd_input_item *item, bool *more, gd_error *error)
{
    bool whole = false;
    item->line.length = 0;
    item->too_long = false;
    gd_text_add_n(&item->line, "", 0);
    while (!whole) {
        if (input->at == input->end)
            GD_TRY(fill(input, error));
        if (input->at == input->end)
            break;
        take_piece(input, item, &whole);
    }
    *more = !*input->stop && (whole || item->line.length > 0 || item->too_long);
    item->number = ++input->line;
    return gd_text_status(&item->line, error);
}

static gd_status open_lines(gd_input *input, gd_error *error)
{
    const bool standard = strcmp(input->name, "-") == 0;
    const char *slash = standard ? NULL : strrchr(input->name, '/');
    if (slash)
        snprintf(input->folder, (size_t)(slash - input->name) + 2, "%s", input->name);
    input->piece = malloc(PIECE);
    input->file = standard ? dup(STDIN_FILENO) : open(input->name, O_RDONLY | O_CLOEXEC);
    if (!input->piece)
        return gd_fail(error, GD_NOMEM, "out of memory for '%s'", input->name);
    if (input->file < 0 || fstat(input->file, &input->info) != 0)
        return gd_fail(error, GD_IO, "cannot open '%s': %s", input->name, strerror(errno));
    return GD_OK;
}

/* ---- either ---- */

gd_status gd_input_open(const char *name, const volatile sig_atomic_t *stop, gd_input **result, gd_error *error)
{
    struct stat info;
    *result = NULL;
    gd_input *input = calloc(1, sizeof *input);
    char *folder = calloc(strlen(name) + 2, 1);
    if (!input || !folder) {
        free(input);
        free(folder);
        return gd_fail(error, GD_NOMEM, "out of memory for the input");
    }
    *input = (gd_input){.name = name, .stop = stop, .folder = folder, .file = -1};
    gd_status status;
    if (strcmp(name, "-") != 0 && stat(name, &info) == 0 && S_ISDIR(info.st_mode)) {
        const bool slash = name[0] && name[strlen(name) - 1] == '/';
        snprintf(folder, strlen(name) + 2, slash ? "%s" : "%s/", name);
        status = open_folder(input, error);
    } else {
        status = open_lines(input, error);
    }
    if (status == GD_OK)
        *result = input;
    else
        gd_input_close(input);
    return status;
}

void gd_input_close(gd_input *input)
{
    if (!input)
        return;
    gd_walk_release(&input->walk);
    if (input->file >= 0)
        close(input->file);
    free(input->piece);
    free(input->folder);
    free(input);
}

gd_status gd_input_take(gd_input *input, gd_input_item *item, bool *more, gd_error *error)
{
    if (input->file < 0) {
        *more = !*input->stop && input->next < input->walk.n;
        if (*more) {
            item->file = input->walk.at[input->next++].path;
            item->number = input->next;
        }
        return GD_OK;
    }
    do
        GD_TRY(take_line(input, item, more, error));
    while (*more && blank(item));
    return GD_OK;
}

gd_status gd_input_read(const gd_input *input, const gd_input_item *item, gd_arena *arena, gd_asked *asked,
                        gd_text *begin, gd_error *error)
{
    if (!item->file && !item->too_long)
        return gd_line_read(input->folder, item->number, item->line.at, item->line.length, arena, asked, begin, error);
    *asked = (gd_asked){0};
    begin->length = 0;
    if (item->too_long) {
        gd_text_add(begin, "\"line\":%" PRId64, item->number);
        return gd_fail(error, GD_FORMAT, "the line has more than %d bytes", GD_INPUT_LINE);
    }
    gd_text_add(begin, "\"path\":");
    gd_text_add_json(begin, item->file);
    asked->path = gd_arena_printf(arena, "%s%s", input->folder, item->file);
    return asked->path ? gd_text_status(begin, error) : gd_fail(error, GD_NOMEM, "out of memory for a path");
}

int64_t gd_input_count(const gd_input *input) { return input->file < 0 ? input->walk.n : -1; }

double gd_input_part(const gd_input *input)
{
    if (input->file < 0)
        return (double)input->next / (double)input->walk.n;
    if (!S_ISREG(input->info.st_mode) || input->info.st_size == 0)
        return -1;
    const double part = (double)input->bytes / (double)input->info.st_size;
    return part < 1 ? part : 1;
}

bool gd_input_is(const gd_input *input, const char *path)
{
    struct stat there;
    return input->file >= 0 && S_ISREG(input->info.st_mode) && stat(path, &there) == 0 &&
           there.st_dev == input->info.st_dev && there.st_ino == input->info.st_ino;
}
