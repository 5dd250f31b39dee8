// SPDX-License-Identifier: Apache-2.0
#include "captured/files.h"

#include "base/arena.h"
#include "captured/time.h"

#include <dirent.h>
#include <errno.h>
#include <fts.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define NO_HOUR INT64_MIN

typedef struct source {
    int64_t hour; /* ms since 1970; NO_HOUR: none, which comes first */
    int order;    /* of its path among `paths` */
    bool folder;
    const char *path;
} source;

typedef struct listed {
    const char *path, *name;
} listed;

struct gd_files {
    gd_arena arena; /* of sources */
    source *source;
    int64_t n, capacity, next;
    int64_t from_ms, to_ms;
    bool any; /* a folder or file that could be meant, within the window or not */

    gd_arena hour; /* of names */
    listed *file;
    int64_t n_files, file_capacity, next_file;
};

/* ---- names ---- */

static bool is_capture(const char *name)
{
    static const char *const endings[] = {".jsonl", ".jsonl.gz"};
    const size_t length = strlen(name);
    for (int i = 0; i < 2; i++) {
        const size_t ending = strlen(endings[i]);
        if (*name != '.' && length > ending && strcmp(name + length - ending, endings[i]) == 0)
            return true;
    }
    return false;
}

/* The last component of a path of `*length` bytes, which is shortened by it and the '/' before it; empty: there is
 * none. */
static const char *cut(const char *path, size_t *length, int *bytes)
{
    size_t end = *length;
    while (end > 0 && path[end - 1] == '/')
        end--;
    size_t begin = end;
    while (begin > 0 && path[begin - 1] != '/')
        begin--;
    *length = begin;
    *bytes = (int)(end - begin);
    return path + begin;
}

static bool is_number(const char *text, int bytes, int digits, int *value)
{
    int n = 0;
    *value = 0;
    for (; n < bytes && n < digits && text[n] >= '0' && text[n] <= '9'; n++)
        *value = 10 * *value + (text[n] - '0');
    return n == digits && bytes == digits;
}

/* How many of yyyy, mm, dd, hh the end of a path of `*length` bytes is, and their values; `*length` is shortened by
 * them. */
static int read_date(const char *path, size_t *length, int date[4])
{
    for (int n = 4; n > 0; n--) {
        size_t left = *length;
        int part = n;
        for (; part > 0; part--) {
            int bytes;
            const char *name = cut(path, &left, &bytes);
            if (!is_number(name, bytes, part == 1 ? 4 : 2, &date[part - 1]))
                break;
        }
        if (part == 0) {
            *length = left;
            return n;
        }
    }
    return 0;
}

gd_files_names gd_files_name(const char *path)
{
    gd_files_names names = {0};
    size_t length = strlen(path);
    int bytes, date[4];
    cut(path, &length, &bytes); /* the file's own */
    if (read_date(path, &length, date) == 4) {
        names.variant = cut(path, &length, &names.variant_bytes);
        names.endpoint = cut(path, &length, &names.endpoint_bytes);
    }
    return names;
}

bool gd_files_hour(const char *path, int64_t *ms)
{
    size_t length = strlen(path);
    int bytes, date[4];
    cut(path, &length, &bytes); /* the file's own */
    return read_date(path, &length, date) == 4 && gd_time_hour(date[0], date[1], date[2], date[3], ms);
}

/* ---- which folders ---- */

static gd_status add_source(gd_files *files, source s, gd_error *error)
{
    if (files->n == files->capacity) {
        const int64_t more = files->capacity ? 2 * files->capacity : 256;
        source *grown = realloc(files->source, (size_t)more * sizeof *grown);
        if (!grown)
            return gd_fail(error, GD_NOMEM, "out of memory for a list of %lld folders", (long long)more);
        files->source = grown;
        files->capacity = more;
    }
    s.path = gd_arena_text(&files->arena, s.path);
    if (!s.path)
        return gd_fail(error, GD_NOMEM, "out of memory for a list of %lld folders", (long long)files->n);
    files->source[files->n++] = s;
    return GD_OK;
}

/* The hours that begin with the first `parts` of a date: from `*first` on and before `*end`. False: it is no date. */
static bool span_of(const int date[4], int parts, int64_t *first, int64_t *end)
{
    const int year = date[0], month = parts > 1 ? date[1] : 1, day = parts > 2 ? date[2] : 1;
    if (!gd_time_hour(year, month, day, parts > 3 ? date[3] : 0, first))
        return false;
    if (parts >= 3) {
        *end = *first + (parts == 3 ? 24 : 1) * (int64_t)GD_HOUR_MS;
        return true;
    }
    const bool next_year = parts == 1 || month == 12;
    return gd_time_hour(year + next_year, next_year ? 1 : month + 1, 1, 0, end);
}

/* Regular files of a folder that is no hour's: whether there is one is enough. */
static gd_status add_folder_of(gd_files *files, int order, FTSENT *entry, gd_error *error)
{
    FTSENT *folder = entry->fts_parent;
    if (folder->fts_number) /* it is there already */
        return GD_OK;
    folder->fts_number = 1;
    files->any = true;
    gd_arena own = {0};
    const size_t length = strlen(entry->fts_path) - entry->fts_namelen;
    const char *path = gd_arena_text_n(&own, entry->fts_path, length);
    const gd_status status = path ? add_source(files, (source){NO_HOUR, order, true, path}, error)
                                  : gd_fail(error, GD_NOMEM, "out of memory for '%s'", entry->fts_path);
    gd_arena_release(&own);
    return status;
}

/* What a folder's name says. */
static gd_status look_at_folder(gd_files *files, FTS *tree, int order, FTSENT *entry, gd_error *error)
{
    int date[4];
    size_t length = strlen(entry->fts_path);
    if (entry->fts_level > 0 && entry->fts_name[0] == '.') {
        fts_set(tree, entry, FTS_SKIP);
        return GD_OK;
    }
    const int parts = read_date(entry->fts_path, &length, date);
    int64_t first, end;
    if (parts == 0 || !span_of(date, parts, &first, &end))
        return GD_OK;
    const int64_t slack = GD_HOUR_MS;
    const bool wanted = first - slack < files->to_ms && end + slack > files->from_ms;
    if (wanted && parts < 4)
        return GD_OK;
    files->any = true;
    fts_set(tree, entry, FTS_SKIP);
    return wanted ? add_source(files, (source){first, order, true, entry->fts_path}, error) : GD_OK;
}

static int by_name(const FTSENT **a, const FTSENT **b) { return strcmp((*a)->fts_name, (*b)->fts_name); }

static gd_status look_through(gd_files *files, int order, const char *path, gd_error *error)
{
    gd_arena own = {0};
    gd_status status = GD_OK;
    char *start = gd_arena_text(&own, path);
    FTS *tree = start ? fts_open((char *[]){start, NULL}, FTS_LOGICAL | FTS_NOCHDIR, by_name) : NULL;
    if (!tree) {
        status = gd_fail(error, GD_IO, "cannot open '%s': %s", path, strerror(errno));
        goto done;
    }
    errno = 0;
    for (FTSENT *entry; (entry = fts_read(tree)); errno = 0) {
        const int info = entry->fts_info;
        const bool failed = info == FTS_DNR || info == FTS_NS || info == FTS_ERR;
        if (failed && (entry->fts_errno != ENOENT || entry->fts_level == 0)) { /* others were removed just now */
            status = gd_fail(error, GD_IO, "cannot open '%s': %s", entry->fts_path, strerror(entry->fts_errno));
            goto done;
        }
        if (info == FTS_D)
            GD_TRY_TO(done, look_at_folder(files, tree, order, entry, error));
        else if (info == FTS_F && is_capture(entry->fts_name))
            GD_TRY_TO(done, add_folder_of(files, order, entry, error));
    }
    if (errno != 0)
        status = gd_fail(error, GD_IO, "cannot list '%s': %s", path, strerror(errno));
done:
    if (tree)
        fts_close(tree);
    gd_arena_release(&own);
    return status;
}

static gd_status add_path(gd_files *files, int order, const char *path, gd_error *error)
{
    struct stat info;
    if (strcmp(path, "-") == 0)
        return add_source(files, (source){NO_HOUR, order, false, path}, error);
    if (stat(path, &info) != 0)
        return gd_fail(error, GD_IO, "cannot open '%s': %s", path, strerror(errno));
    if (!S_ISDIR(info.st_mode))
        return add_source(files, (source){NO_HOUR, order, false, path}, error);
    files->any = false;
    GD_TRY(look_through(files, order, path, error));
    if (files->any)
        return GD_OK;
    return gd_fail(error, GD_INVALID,
                   "no captures below '%s': neither folders yyyy/mm/dd/hh nor files that end in .jsonl or .jsonl.gz",
                   path);
}

static int by_time(const void *a, const void *b)
{
    const source *x = a, *y = b;
    if (x->hour != y->hour)
        return x->hour < y->hour ? -1 : 1;
    if (x->order != y->order)
        return x->order < y->order ? -1 : 1;
    return strcmp(x->path, y->path);
}

gd_status gd_files_open(const char *const *paths, int64_t from_ms, int64_t to_ms, gd_files **result, gd_error *error)
{
    gd_files *files = calloc(1, sizeof *files);
    *result = files;
    if (!files)
        return gd_fail(error, GD_NOMEM, "out of memory for a list of files");
    files->from_ms = from_ms;
    files->to_ms = to_ms;
    gd_status status = GD_OK;
    for (int i = 0; paths[i] && status == GD_OK; i++)
        status = add_path(files, i, paths[i], error);
    if (files->n > 0)
        qsort(files->source, (size_t)files->n, sizeof *files->source, by_time);
    if (status != GD_OK) {
        gd_files_close(files);
        *result = NULL;
    }
    return status;
}

void gd_files_close(gd_files *files)
{
    if (!files)
        return;
    free(files->source);
    free(files->file);
    gd_arena_release(&files->arena);
    gd_arena_release(&files->hour);
    free(files);
}

/* ---- one hour's files ---- */

static gd_status add_file(gd_files *files, const char *folder, const char *name, gd_error *error)
{
    if (files->n_files == files->file_capacity) {
        const int64_t more = files->file_capacity ? 2 * files->file_capacity : 256;
        listed *grown = realloc(files->file, (size_t)more * sizeof *grown);
        if (!grown)
            return gd_fail(error, GD_NOMEM, "out of memory for a list of %lld files", (long long)more);
        files->file = grown;
        files->file_capacity = more;
    }
    const bool slash = folder[strlen(folder) - 1] == '/';
    const char *path = gd_arena_printf(&files->hour, slash ? "%s%s" : "%s/%s", folder, name);
    if (!path)
        return gd_fail(error, GD_NOMEM, "out of memory for a list of %lld files", (long long)files->n_files);
    files->file[files->n_files++] = (listed){path, path + strlen(path) - strlen(name)};
    return GD_OK;
}

/* A pipe among files would be waited for. A link that leads to nothing that can be read is for its reader to say. */
static bool is_file(DIR *folder, const struct dirent *entry)
{
    struct stat info;
    if (entry->d_type == DT_REG)
        return true;
    if (entry->d_type != DT_LNK && entry->d_type != DT_UNKNOWN)
        return false;
    if (fstatat(dirfd(folder), entry->d_name, &info, 0) != 0)
        return true;
    return S_ISREG(info.st_mode) || (S_ISDIR(info.st_mode) && entry->d_type == DT_LNK);
}

static gd_status list(gd_files *files, const char *folder, gd_error *error)
{
    DIR *all = opendir(folder);
    if (!all && errno == ENOENT) /* it was removed since */
        return GD_OK;
    if (!all)
        return gd_fail(error, GD_IO, "cannot open '%s': %s", folder, strerror(errno));
    gd_status status = GD_OK;
    for (const struct dirent *entry; status == GD_OK && (entry = readdir(all));) {
        if (is_capture(entry->d_name) && is_file(all, entry))
            status = add_file(files, folder, entry->d_name, error);
    }
    closedir(all);
    return status;
}

static int by_file(const void *a, const void *b)
{
    const listed *x = a, *y = b;
    const int name = strcmp(x->name, y->name);
    return name ? name : strcmp(x->path, y->path);
}

gd_status gd_files_next(gd_files *files, const char **path, bool *named, gd_error *error)
{
    *path = NULL;
    *named = false;
    while (files->next_file == files->n_files) {
        if (files->next == files->n)
            return GD_OK;
        const source *first = &files->source[files->next++];
        if (!first->folder) {
            *path = first->path;
            *named = true;
            return GD_OK;
        }
        files->n_files = files->next_file = 0;
        gd_arena_release(&files->hour);
        GD_TRY(list(files, first->path, error));
        while (first->hour != NO_HOUR && files->next < files->n && files->source[files->next].hour == first->hour)
            GD_TRY(list(files, files->source[files->next++].path, error));
        if (files->n_files > 0)
            qsort(files->file, (size_t)files->n_files, sizeof *files->file, by_file);
    }
    *path = files->file[files->next_file++].path;
    return GD_OK;
}
