// SPDX-License-Identifier: Apache-2.0
#include "data/archive.h"
#include "data/source.h"
#include "data/walk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const char *gd_base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* The length of the UTF-8 sequence at `at` (RFC 3629), or 0 where there is none. */
static int sequence(const unsigned char *at)
{
    int length = at[0] < 0x80 ? 1 : at[0] >= 0xc2 && at[0] < 0xe0 ? 2 : at[0] >= 0xe0 && at[0] < 0xf0 ? 3 : 4;
    if (length == 4 && (at[0] < 0xf0 || at[0] > 0xf4))
        return 0;
    for (int i = 1; i < length; i++)
        if ((at[i] & 0xc0) != 0x80)
            return 0;
    bool wrong = (at[0] == 0xe0 && at[1] < 0xa0) || (at[0] == 0xed && at[1] > 0x9f) ||
                 (at[0] == 0xf0 && at[1] < 0x90) || (at[0] == 0xf4 && at[1] > 0x8f);
    return wrong ? 0 : length;
}

/* Names reach terminals and JSON: what is not printable UTF-8 is replaced, and the file not used. */
static const char *clean(char *path)
{
    const char *trouble = NULL;
    for (unsigned char *at = (unsigned char *)path; *at;) {
        int length = *at < 0x20 || *at == 0x7f ? 0 : sequence(at);
        if (length == 0) {
            *at = '?';
            length = 1;
            trouble = "its name is not printable UTF-8";
        }
        at += length;
    }
    return trouble;
}

static gd_status add(gd_files *files, int64_t *capacity, const char *path, gd_error *error)
{
    if (files->n == *capacity) {
        int64_t more = *capacity ? 2 * *capacity : 1024;
        gd_file_entry *grown = realloc(files->at, (size_t)more * sizeof *grown);
        if (!grown)
            return gd_fail(error, GD_NOMEM, "out of memory for a list of %lld files", (long long)more);
        files->at = grown;
        *capacity = more;
    }
    char *copy = gd_arena_text(&files->arena, path);
    if (!copy)
        return gd_fail(error, GD_NOMEM, "out of memory for a list of %lld files", (long long)files->n);
    const char *trouble = clean(copy);
    files->at[files->n++] = (gd_file_entry){copy, trouble};
    return GD_OK;
}

static gd_status list_folder(gd_files *files, gd_error *error)
{
    gd_walk walk;
    int64_t capacity = 0;
    GD_TRY(gd_walk_folder(files->root, GD_LOOPS_FAIL, &walk, error));
    gd_status status = GD_OK;
    for (int64_t i = 0; i < walk.n && status == GD_OK; i++)
        status = add(files, &capacity, walk.at[i].path, error);
    gd_walk_release(&walk);
    return status;
}

static gd_status list_archive(gd_files *files, gd_error *error)
{
    gd_archive *archive;
    int64_t capacity = 0;
    const char *name;
    GD_TRY(gd_archive_open(files->root, &archive, error));
    gd_status status;
    while ((status = gd_archive_next(archive, &name, error)) == GD_OK && name)
        if (!gd_path_hidden(name) && (status = add(files, &capacity, name, error)) != GD_OK)
            break;
    gd_archive_close(archive);
    return status;
}

gd_status gd_files_list(const char *root, gd_files *files, gd_error *error)
{
    *files = (gd_files){0};
    struct stat info;
    if (stat(root, &info) != 0)
        return gd_fail(error, GD_IO, "cannot open '%s': %s", root, strerror(errno));
    files->archive = !S_ISDIR(info.st_mode);
    files->root = gd_arena_text(&files->arena, root);
    gd_status status = files->root ? GD_OK : gd_fail(error, GD_NOMEM, "out of memory for a list of files");
    if (status == GD_OK)
        status = files->archive ? list_archive(files, error) : list_folder(files, error);
    if (status != GD_OK)
        gd_files_release(files);
    return status;
}

void gd_files_release(gd_files *files)
{
    free(files->at);
    gd_arena_release(&files->arena);
    *files = (gd_files){0};
}

static const char too_large[] = "the file is too large";

/* A whole file, or the reason why not. */
static gd_file_bytes slurp(const char *path, size_t most)
{
    gd_file_bytes bytes = {0};
    struct stat info;
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0 || fstat(file, &info) != 0) {
        bytes.trouble = strerror(errno);
    } else if ((uint64_t)info.st_size > most) {
        bytes.trouble = too_large;
    } else if (!(bytes.at = malloc((size_t)info.st_size + 1))) {
        bytes.trouble = "out of memory";
    } else {
        ssize_t n = 1;
        while (n > 0 && bytes.length < (size_t)info.st_size) {
            n = read(file, bytes.at + bytes.length, (size_t)info.st_size - bytes.length);
            bytes.length += n > 0 ? (size_t)n : 0;
        }
        if (n <= 0 && bytes.length < (size_t)info.st_size) {
            bytes.trouble = n < 0 ? strerror(errno) : "the file shrank while it was read";
            free(bytes.at);
            bytes.at = NULL;
        }
    }
    if (file >= 0)
        close(file);
    return bytes;
}

static gd_status read_folder(const gd_files *files, const bool *wanted, size_t most, gd_file_visit visit, void *context,
                             gd_error *error)
{
    for (int64_t i = 0; i < files->n; i++) {
        if (!wanted[i])
            continue;
        gd_arena scratch = {0};
        const char *path = gd_arena_printf(&scratch, "%s/%s", files->root, files->at[i].path);
        gd_file_bytes bytes = path ? slurp(path, most) : (gd_file_bytes){.trouble = "out of memory"};
        gd_arena_release(&scratch);
        GD_TRY(visit(context, i, bytes, error));
    }
    return GD_OK;
}

/* Reads entries as they come; they are those of the listing, in the same order. Stops behind the last wanted one. */
static gd_status read_archive(const gd_files *files, const bool *wanted, size_t most, gd_file_visit visit,
                              void *context, gd_error *error)
{
    gd_archive *archive;
    const char *name;
    int64_t last = files->n - 1;
    while (last >= 0 && !wanted[last])
        last--;
    GD_TRY(gd_archive_open(files->root, &archive, error));
    gd_status status = GD_OK;
    for (int64_t i = 0; i <= last;) {
        GD_TRY_TO(done, gd_archive_next(archive, &name, error));
        if (!name) {
            status = gd_fail(error, GD_IO, "'%s' changed while it was read", files->root);
            break;
        }
        if (gd_path_hidden(name))
            continue;
        if (wanted[i]) {
            gd_file_bytes bytes = {0};
            GD_TRY_TO(done, gd_archive_read(archive, most, &bytes.at, &bytes.length, error));
            bytes.trouble = bytes.at ? NULL : too_large;
            GD_TRY_TO(done, visit(context, i, bytes, error));
        }
        i++;
    }
done:
    gd_archive_close(archive);
    return status;
}

gd_status gd_files_read(const gd_files *files, const bool *wanted, size_t most, gd_file_visit visit, void *context,
                        gd_error *error)
{
    return files->archive ? read_archive(files, wanted, most, visit, context, error)
                          : read_folder(files, wanted, most, visit, context, error);
}
