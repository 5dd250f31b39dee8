// SPDX-License-Identifier: Apache-2.0
#include "serve/capture_files.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "serve/disk.h"
#include "serve/lines.h"
#include "serve/name.h"
#include "serve/uuid.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    MOST_FILES = 64,  /* open at once; the one not used for longest makes room */
    MOST_NAMES = 256, /* pairs of endpoint and variant of one process */
    PATH_BYTES = 4096,
    LEAF_BYTES = 256,       /* of a path, behind DIR */
    WRITE_BYTES = 256 << 10 /* lines of one write */
};

typedef struct names {
    char endpoint[GD_NAME_LENGTH + 1], variant[GD_NAME_LENGTH + 1];
} names;

typedef struct open_file {
    names names;
    int64_t hour; /* since 1970; a record that comes late still finds its hour's file */
    int64_t time_ms;
    int file; /* -1: the place is free */
    size_t bytes;
    double began, used;
    gd_text lines; /* to be written */
    char path[PATH_BYTES];
} open_file;

struct gd_capture_files {
    gd_capture_files_options o;
    gd_disk disk;
    names known[MOST_NAMES]; /* the first is the options' */
    int n_known;
    open_file files[MOST_FILES];
    atomic_uint_least64_t lines, bytes, refused; /* others read them */
};

static const char no_variant[] = "AllTraffic";

/* ---- names ---- */

static bool same(const names *a, const names *b)
{
    return strcmp(a->endpoint, b->endpoint) == 0 && strcmp(a->variant, b->variant) == 0;
}

/* The folders for what a request calls itself. */
static const names *known(gd_capture_files *files, const char *endpoint, const char *variant)
{
    names n;
    snprintf(n.endpoint, sizeof n.endpoint, "%s", endpoint && gd_name_is_good(endpoint) ? endpoint : files->o.endpoint);
    snprintf(n.variant, sizeof n.variant, "%s", variant && gd_name_is_good(variant) ? variant : no_variant);
    for (int i = 0; i < files->n_known; i++) {
        if (same(&files->known[i], &n))
            return &files->known[i];
    }
    if (files->n_known == MOST_NAMES)
        return &files->known[0];
    files->known[files->n_known] = n;
    return &files->known[files->n_known++];
}

/* ---- one file ---- */

/* A new file in the place `f`, which has its names and its first record's time. */
static gd_status begin(const gd_capture_files *files, open_file *f, gd_error *error)
{
    char uuid[37], leaf[64];
    struct tm utc;
    const time_t seconds = (time_t)(f->time_ms / 1000);
    gd_uuid(uuid);
    f->bytes = 0;
    gmtime_r(&seconds, &utc);

    strftime(leaf, sizeof leaf, "%Y/%m/%d/%H", &utc);
    const int length =
        snprintf(f->path, sizeof f->path, "%s/%s/%s/%s", files->o.folder, f->names.endpoint, f->names.variant, leaf);
    GD_TRY(gd_folder_make(f->path, error));
    strftime(leaf, sizeof leaf, "%M-%S", &utc);
    snprintf(f->path + length, sizeof f->path - (size_t)length, "/%s-%03d-%s.jsonl", leaf, (int)(f->time_ms % 1000),
             uuid);
    /* pictures of people may be in it: for the owner, and readers of its group */
    f->file = open(f->path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0640);
    if (f->file < 0)
        return gd_fail(error, GD_IO, "cannot write '%s': %s", f->path, strerror(errno));
    flock(f->file, LOCK_EX | LOCK_NB); /* tells gd_capture_mend that we live; without locks it mends nothing */
    f->began = gd_seconds();
    return GD_OK;
}

static void failed(gd_capture_files *files, const char *why) { gd_disk_failed(&files->disk, gd_seconds(), why); }

static void end(gd_capture_files *files, open_file *f, bool sync)
{
    if (f->bytes == 0) { /* nothing could be written */
        unlink(f->path);
    } else if (sync && fdatasync(f->file) != 0 && errno != EINVAL && errno != EROFS) {
        char why[PATH_BYTES + 128];
        snprintf(why, sizeof why, "cannot sync '%s': %s", f->path, strerror(errno));
        failed(files, why);
    }
    close(f->file);
    f->file = -1;
}

static uint64_t lines_in(const char *text, size_t length)
{
    uint64_t n = 0;
    for (const char *at = text, *stop = text + length; (at = memchr(at, '\n', (size_t)(stop - at))); at++)
        n++;
    return n;
}

/* Writes the lines of `f`. Ends the file where it fails or is full. */
static void write_lines(gd_capture_files *files, open_file *f)
{
    struct stat info;
    if (f->lines.length == 0)
        return;
    if (fstat(f->file, &info) == 0 && info.st_nlink == 0) { /* somebody removed it, maybe with its folder */
        gd_error error = {0};
        end(files, f, false);
        if (begin(files, f, &error) != GD_OK)
            failed(files, error.message);
    }

    gd_lines_result done = {0};
    if (f->file >= 0) {
        done = gd_lines_append(f->file, f->lines.at, f->lines.length);
        f->bytes += done.bytes;
        if (done.reason == 0) {
            gd_disk_wrote(&files->disk);
            if (f->bytes >= files->o.file_bytes)
                end(files, f, true);
        } else {
            char why[PATH_BYTES + 128];
            snprintf(why, sizeof why, "cannot write '%s': %s", f->path, strerror(done.reason));
            end(files, f, false);
            failed(files, why);
        }
    }
    const uint64_t all = lines_in(f->lines.at, f->lines.length), written = lines_in(f->lines.at, done.bytes);
    atomic_fetch_add_explicit(&files->lines, written, memory_order_relaxed);
    atomic_fetch_add_explicit(&files->bytes, done.bytes, memory_order_relaxed);
    atomic_fetch_add_explicit(&files->refused, all - written, memory_order_relaxed);

    f->lines.length = 0;
    if (f->lines.capacity > (size_t)4 * WRITE_BYTES) /* a huge line came by */
        gd_text_release(&f->lines);
}

static void leave(gd_capture_files *files, open_file *f, bool sync)
{
    if (f->file < 0)
        return;
    write_lines(files, f);
    if (f->file >= 0)
        end(files, f, sync);
}

/* ---- all of them ---- */

static open_file *find(gd_capture_files *files, const names *n, int64_t hour)
{
    for (int i = 0; i < MOST_FILES; i++) {
        open_file *f = &files->files[i];
        if (f->file >= 0 && f->hour == hour && same(&f->names, n))
            return f;
    }
    return NULL;
}

/* A free place, or that of the file which was not used for longest. */
static open_file *make_place(gd_capture_files *files)
{
    open_file *oldest = &files->files[0];
    for (int i = 0; i < MOST_FILES; i++) {
        open_file *f = &files->files[i];
        if (f->file < 0)
            return f;
        if (f->used < oldest->used)
            oldest = f;
    }
    leave(files, oldest, false);
    return oldest;
}

bool gd_capture_files_ready(gd_capture_files *files) { return gd_disk_ready(&files->disk, gd_seconds()); }

void gd_capture_files_refuse(gd_capture_files *files)
{
    atomic_fetch_add_explicit(&files->refused, 1, memory_order_relaxed);
}

void gd_capture_files_add(gd_capture_files *files, const char *endpoint, const char *variant, int64_t time_ms,
                          const char *line, size_t length)
{
    const names *n = known(files, endpoint, variant);
    const int64_t hour = time_ms / (INT64_C(3600) * 1000);
    open_file *f = find(files, n, hour);
    if (!f) {
        gd_error error = {0};
        f = make_place(files);
        f->names = *n;
        f->hour = hour;
        f->time_ms = time_ms;
        if (begin(files, f, &error) != GD_OK) {
            failed(files, error.message);
            gd_capture_files_refuse(files);
            return;
        }
    }
    f->used = gd_seconds();
    gd_text_add_n(&f->lines, line, length);
    if (f->lines.failed) { /* what is in it stays */
        f->lines.failed = 0;
        gd_capture_files_refuse(files);
    }
    if (f->lines.length >= WRITE_BYTES || f->bytes + f->lines.length >= files->o.file_bytes)
        write_lines(files, f);
}

double gd_capture_files_flush(gd_capture_files *files)
{
    double next = INFINITY;
    for (int i = 0; i < MOST_FILES; i++) {
        open_file *f = &files->files[i];
        if (f->file < 0)
            continue;
        write_lines(files, f);
        const double left = f->began + files->o.file_seconds - gd_seconds();
        if (f->file >= 0 && left <= 0)
            end(files, f, true);
        else if (f->file >= 0 && left < next)
            next = left;
    }
    return next;
}

gd_capture_tally gd_capture_files_tally(const gd_capture_files *files)
{
    return (gd_capture_tally){.lines = atomic_load_explicit(&files->lines, memory_order_relaxed),
                              .bytes = atomic_load_explicit(&files->bytes, memory_order_relaxed),
                              .refused = atomic_load_explicit(&files->refused, memory_order_relaxed)};
}

gd_status gd_capture_files_open(const gd_capture_files_options *options, gd_capture_files **out, gd_error *error)
{
    *out = NULL;
    if (strlen(options->folder) >= PATH_BYTES - LEAF_BYTES)
        return gd_fail(error, GD_INVALID, "capture's folder has a path of %zu bytes, more than %d",
                       strlen(options->folder), PATH_BYTES - LEAF_BYTES - 1);
    if (!gd_name_is_good(options->endpoint))
        return gd_fail(error, GD_INVALID, "capture's endpoint '%s' is no name, which has " GD_NAME_RULE,
                       options->endpoint);
    GD_TRY(gd_folder_make(options->folder, error));
    if (faccessat(AT_FDCWD, options->folder, W_OK | X_OK, AT_EACCESS) != 0)
        return gd_fail(error, GD_IO, "cannot write into capture's folder '%s': %s", options->folder, strerror(errno));

    gd_capture_files *files = calloc(1, sizeof *files);
    if (!files)
        return gd_fail(error, GD_NOMEM, "out of memory for capture's %d files", MOST_FILES);
    files->o = *options;
    files->disk = (gd_disk){.folder = options->folder,
                            .limit = options->disk_percent,
                            .used = options->disk_used ? options->disk_used : gd_disk_used,
                            .context = options->context};
    for (int i = 0; i < MOST_FILES; i++)
        files->files[i].file = -1;
    known(files, NULL, NULL);
    *out = files;
    return GD_OK;
}

void gd_capture_files_end(gd_capture_files *files)
{
    for (int i = 0; i < MOST_FILES; i++) {
        leave(files, &files->files[i], true);
        gd_text_release(&files->files[i].lines);
    }
}

void gd_capture_files_close(gd_capture_files *files)
{
    if (!files)
        return;
    gd_capture_files_end(files);
    free(files);
}
