// SPDX-License-Identifier: Apache-2.0
#include "base/file.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static gd_status failed(gd_error *error, const char *what, const char *path, int reason)
{
    return gd_fail(error, GD_IO, "cannot %s '%s': %s", what, path, strerror(reason));
}

bool gd_file_exists(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0;
}

gd_status gd_file_map(const char *path, void **map, size_t *bytes, gd_error *error)
{
    *map = NULL;
    *bytes = 0;
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* nobody is waited for behind a pipe */
    if (file < 0)
        return failed(error, "open", path, errno);
    struct stat info;
    gd_status status = GD_OK;
    if (fstat(file, &info) != 0) {
        status = failed(error, "open", path, errno);
    } else if (!S_ISREG(info.st_mode)) {
        status = S_ISDIR(info.st_mode) ? failed(error, "read", path, EISDIR)
                                       : gd_fail(error, GD_IO, "cannot read '%s': it is not a regular file", path);
    } else if (info.st_size > 0) {
        void *address = mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_PRIVATE, file, 0);
        if (address == MAP_FAILED) {
            status = failed(error, "map", path, errno);
        } else {
            *map = address;
            *bytes = (size_t)info.st_size;
        }
    }
    close(file); /* the mapping holds it */
    return status;
}

void gd_file_unmap(void *map, size_t bytes)
{
    if (map)
        munmap(map, bytes);
}

void gd_file_leave(void *map, size_t bytes)
{
    if (map)
        madvise(map, bytes, MADV_DONTNEED); /* advice: nothing is wrong where it is not taken */
}

gd_status gd_file_read(const char *path, size_t most, gd_arena *arena, char **text, size_t *bytes, gd_error *error)
{
    FILE *stream = fopen(path, "rbe");
    if (!stream)
        return failed(error, "open", path, errno);
    gd_text all = {0};
    char piece[16384];
    size_t n;
    gd_status status = GD_OK;
    errno = 0;
    while (all.length <= most && (n = fread(piece, 1, sizeof piece, stream)) > 0)
        gd_text_add_n(&all, piece, n);
    if (ferror(stream))
        status = failed(error, "read", path, errno);
    else if (all.length > most)
        status = gd_fail(error, GD_IO, "cannot read '%s': it has more than %zu bytes", path, most);
    else
        status = gd_text_status(&all, error);
    if (status == GD_OK) {
        *text = gd_arena_text_n(arena, all.at ? all.at : "", all.length);
        *bytes = all.length;
        if (!*text)
            status = gd_fail(error, GD_NOMEM, "out of memory for '%s' of %zu bytes", path, all.length);
    }
    gd_text_release(&all);
    fclose(stream);
    return status;
}

/* ---- drafts ---- */

gd_status gd_file_replaceable(const char *path, gd_error *error)
{
    struct stat there;
    if (stat(path, &there) != 0 || S_ISREG(there.st_mode))
        return GD_OK;
    if (S_ISDIR(there.st_mode))
        return failed(error, "write", path, EISDIR);
    return gd_fail(error, GD_IO, "cannot write '%s': it is not a regular file", path);
}

gd_status gd_file_begin(gd_file_draft *draft, const char *path, gd_error *error)
{
    draft->stream = NULL;
    if (strlen(path) >= sizeof draft->path)
        return gd_fail(error, GD_IO, "cannot write '%.64s…': the path has %zu bytes, more than %zu", path, strlen(path),
                       sizeof draft->path - 1);
    struct stat ours, there;
    GD_TRY(gd_file_replaceable(path, error));
    snprintf(draft->path, sizeof draft->path, "%s", path);
    snprintf(draft->part, sizeof draft->part, "%s.part", draft->path);
    int file = open(draft->part, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
    if (file < 0)
        return failed(error, "write", path, errno);

    /* One writer at a time. The part left by a killed process has no lock and is taken over; a part that its writer
     * has renamed since we opened it is the finished file, not ours to empty. */
    bool busy = flock(file, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    busy = busy || fstat(file, &ours) != 0 || stat(draft->part, &there) != 0 || ours.st_ino != there.st_ino;
    if (busy) {
        close(file);
        return gd_fail(error, GD_IO, "cannot write '%s': another process is writing it", path);
    }
    if (ftruncate(file, 0) != 0 || !(draft->stream = fdopen(file, "wb"))) {
        gd_status status = failed(error, "write", path, errno);
        unlink(draft->part);
        close(file);
        return status;
    }
    return GD_OK;
}

/* The rename is only durable once the folder is. */
static int sync_folder(const char *path)
{
    char folder[sizeof((gd_file_draft *)0)->path];
    snprintf(folder, sizeof folder, "%s", path);
    char *slash = strrchr(folder, '/');
    if (!slash)
        snprintf(folder, sizeof folder, ".");
    else
        slash[slash == folder] = '\0';
    int file = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (file < 0)
        return errno;
    int reason = fsync(file) == 0 || errno == EINVAL ? 0 : errno; /* EINVAL: a file system that has no such thing */
    close(file);
    return reason;
}

/* Flushes and syncs; 0 or the reason. A write that failed long ago left no errno: one more byte asks again. */
static int settle(FILE *stream)
{
    errno = 0;
    bool failed_before = ferror(stream);
    if (fflush(stream) != 0)
        return errno ? errno : EIO;
    if (failed_before)
        return write(fileno(stream), "", 1) == 1 ? EIO : errno;
    return fsync(fileno(stream)) == 0 || errno == EINVAL ? 0 : errno;
}

gd_status gd_file_commit(gd_file_draft *draft, gd_error *error)
{
    int reason = settle(draft->stream);
    if (reason == 0 && rename(draft->part, draft->path) != 0)
        reason = errno;
    if (reason != 0) {
        gd_file_abandon(draft);
        return failed(error, "write", draft->path, reason);
    }
    fclose(draft->stream); /* nothing is left to flush; the lock held until here */
    draft->stream = NULL;
    reason = sync_folder(draft->path);
    return reason ? failed(error, "sync the folder of", draft->path, reason) : GD_OK;
}

void gd_file_abandon(gd_file_draft *draft)
{
    if (!draft->stream)
        return;
    unlink(draft->part);
    fclose(draft->stream);
    draft->stream = NULL;
}

gd_status gd_file_write(const char *path, const void *bytes, size_t length, gd_error *error)
{
    gd_file_draft draft;
    GD_TRY(gd_file_begin(&draft, path, error));
    fwrite(bytes, 1, length, draft.stream);
    return gd_file_commit(&draft, error);
}

gd_status gd_file_append_line(const char *path, const char *line, gd_error *error)
{
    size_t length = strlen(line);
    char *text = malloc(length + 1);
    if (!text)
        return gd_fail(error, GD_NOMEM, "out of memory for a line of %zu bytes", length);
    memcpy(text, line, length);
    text[length] = '\n';
    gd_status status = GD_OK;
    int file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    struct stat info;
    if (file < 0 || fstat(file, &info) != 0) {
        status = failed(error, "append to", path, errno);
    } else {
        ssize_t written = write(file, text, length + 1);
        if (written != (ssize_t)length + 1) {
            status = failed(error, "append to", path, written < 0 ? errno : ENOSPC);
            if (written > 0 && ftruncate(file, info.st_size) != 0) /* no half line; if even that fails: said already */
                status = GD_IO;
        }
    }
    if (file >= 0)
        close(file);
    free(text);
    return status;
}

gd_status gd_folder_make(const char *path, gd_error *error)
{
    char folder[sizeof((gd_file_draft *)0)->path];
    size_t length = strlen(path);
    if (length == 0 || length >= sizeof folder)
        return gd_fail(error, GD_IO, "cannot make folder '%.64s': the path has %zu bytes, outside 1 to %zu", path,
                       length, sizeof folder - 1);
    memcpy(folder, path, length + 1);
    for (char *c = folder + 1;; c++) {
        if (*c != '/' && *c != '\0')
            continue;
        char end = *c;
        *c = '\0';
        struct stat info;
        if (mkdir(folder, 0777) != 0) {
            int reason = errno; /* a folder above may be there and refuse: EROFS, EACCES */
            if (stat(folder, &info) != 0 || !S_ISDIR(info.st_mode))
                return failed(error, "make folder", folder, reason == EEXIST ? ENOTDIR : reason);
        }
        if (!end)
            return GD_OK;
        *c = end;
    }
}

gd_status gd_cache_folder(char *path, size_t bytes, gd_error *error)
{
    static const struct {
        const char *variable, *below;
    } places[] = {{"GRIDDLE_CACHE", ""}, {"XDG_CACHE_HOME", "/griddle"}, {"HOME", "/.cache/griddle"}};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        const char *folder = getenv(places[i].variable);
        if (!folder || !*folder)
            continue;
        if ((size_t)snprintf(path, bytes, "%s%s", folder, places[i].below) >= bytes)
            return gd_fail(error, GD_IO, "the path of the cache, $%s, has more than %zu bytes", places[i].variable,
                           bytes - 1);
        return GD_OK;
    }
    return gd_fail(error, GD_IO, "no place for a cache: set GRIDDLE_CACHE to a folder");
}
